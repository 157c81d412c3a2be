//! Links of the book, of README and of their like lead to files that are there.
use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{read, root};

#[test]
fn every_link_leads_to_a_file() {
    let mut pages = vec![];
    markdown_in(&root().join("docs"), &mut pages);
    pages.extend(BESIDE_THE_BOOK.map(|page| root().join(page)));
    let mut broken = vec![];
    let mut followed = 0;
    for page in &pages {
        for link in links(&read(page)) {
            followed += 1;
            if !page.parent().unwrap().join(&link).exists() {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(followed > 30, "{followed} links");
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_page_of_the_book_is_in_its_summary() {
    let source = root().join("docs/src");
    let summary = links(&read(&source.join("SUMMARY.md")));
    let mut pages = vec![];
    markdown_in(&source, &mut pages);
    for page in pages {
        let name = page.strip_prefix(&source).unwrap().to_string_lossy();
        assert!(
            name == "SUMMARY.md" || summary.iter().any(|link| *link == name),
            "{name} is in no chapter of docs/src/SUMMARY.md"
        );
    }
}

fn markdown_in(folder: &Path, pages: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            // What mdbook makes of the book.
            if path != root().join("docs/book") {
                markdown_in(&path, pages);
            }
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
}

/// The files that `[…](file#heading)` names; addresses of the web are left alone.
fn links(page: &str) -> Vec<String> {
    page.split("](")
        .skip(1)
        .filter_map(|behind| behind.split_once(')'))
        .map(|(link, _)| link.split('#').next().unwrap_or_default())
        .filter(|link| !link.is_empty() && !link.contains("://"))
        .map(str::to_owned)
        .collect()
}

const BESIDE_THE_BOOK: [&str; 5] = [
    "README.md",
    "CONTRIBUTING.md",
    "charts/switchboard/README.md",
    "CHANGELOG.md",
    "prompts/README.md",
];
