//! Amounts as Kubernetes writes them: `5Gi`, `1.5G`, `5e9`.
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

/// How many bytes that is; none if it is no amount, which the API server does not take.
pub fn bytes(quantity: &Quantity) -> Option<f64> {
    let text = quantity.0.as_str();
    let suffix = SUFFIXES
        .iter()
        .find_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?, *factor)));
    let (number, factor) = suffix.unwrap_or((text, 1.0));
    Some(number.parse::<f64>().ok()? * factor)
}

/// What an amount may end with.
const SUFFIXES: [(&str, f64); 13] = [
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
    ("Ei", 1_152_921_504_606_846_976.0),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("E", 1e18),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_one_size_are_equal_however_they_are_written() {
        let of = |text: &str| bytes(&Quantity(text.to_owned()));
        assert_eq!(of("5Gi"), of("5368709120"));
        assert_eq!(of("5G"), of("5e9"));
        assert_eq!(of("1500M"), of("1.5G"));
        assert!(of("10Gi") > of("10G"));
        assert_eq!(of("many"), None);
    }
}
