//! What is wrong tells of how much of its object is in force: nothing, or all but the part that is named.
mod common;

use common::objects;
use crds::{Problem, compile};

const PEOPLE: &str = "\
kind: User
metadata: {name: mary}
spec: {extension: '101'}
---
kind: User
metadata: {name: john}
spec: {extension: '102'}
---
";

const ALIAS: &str = "\
kind: MessageAlias
metadata: {name: all}
spec: {extension: '101', members: [{name: john}]}
";

/// The field of the one thing that is wrong with this object, and whether nothing of the object is in force.
fn wrong(documents: &str, object: &str) -> (String, bool) {
    let (_, problems) = compile(&objects(&(PEOPLE.to_owned() + documents)));
    let of_it = |it: &&Problem| it.object.to_string() == object;
    let Some(problem) = problems.iter().find(of_it) else {
        unreachable!("{problems:?}")
    };
    (problem.field.clone(), problem.leaves_out)
}

fn route(name: &str, spec: &str) -> String {
    format!("kind: CallRoute\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n")
}

#[test]
fn an_object_that_leads_nowhere_or_has_nothing_of_its_own_is_left_out() {
    let left_out = |documents: &str, object: &str, field: &str| {
        assert_eq!(wrong(documents, object), (field.to_owned(), true));
    };
    let extension =
        "kind: Extension\nmetadata: {name: '132'}\nspec: {target: {user: {name: nobody}}}\n";
    left_out(extension, "Extension 132", "spec.target.user.name");
    let handsets = "kind: Handset\nmetadata: {name: desk}\nspec: {ownerRef: {name: mary}, username: john}\n---\n\
                    kind: Handset\nmetadata: {name: john}\nspec: {ownerRef: {name: john}}\n";
    left_out(handsets, "Handset john", "spec.username");
    let to = |user, number| {
        format!("userRef: {{name: {user}}}, finally: {{extension: {{number: '{number}'}}}}")
    };
    let round = route("a", &to("mary", "102")) + "---\n" + &route("b", &to("john", "101"));
    left_out(&round, "CallRoute b", "spec");
    let of_nobody = route("a", "userRef: {name: nobody}");
    left_out(&of_nobody, "CallRoute a", "spec.userRef.name");
    let for_nobody = "userRef: {name: mary}, callers: [{internal: {userRef: {name: nobody}}}]";
    let field = "spec.callers[0].internal.userRef.name";
    left_out(&route("a", for_nobody), "CallRoute a", field);
    left_out(ALIAS, "MessageAlias all", "spec.extension");
}

#[test]
fn an_object_that_lacks_a_part_is_in_force_without_it() {
    let lacks = |documents: &str, object: &str, field: &str| {
        assert_eq!(wrong(documents, object), (field.to_owned(), false));
    };
    let shared = "kind: Handset\nmetadata: {name: lobby}\nspec: {ownerRef: {name: nobody}}\n";
    lacks(shared, "Handset lobby", "spec.ownerRef.name");
    let ends = "userRef: {name: mary}, finally: {extension: {number: '999'}}";
    let field = "spec.finally.extension.number";
    lacks(&route("a", ends), "CallRoute a", field);
    let extension =
        "---\nkind: Extension\nmetadata: {name: '500'}\nspec: {target: {alias: {name: all}}}\n";
    let reached = ALIAS.to_owned() + extension;
    lacks(&reached, "MessageAlias all", "spec.extension");
}

#[test]
fn of_a_number_that_an_emergency_number_hides_its_extension_is_left_out_and_its_user_stays() {
    let zoe = "kind: User\nmetadata: {name: zoe}\nspec: {extension: '911'}\n---\n\
               kind: Extension\nmetadata: {name: '911'}\nspec: {target: {user: {name: zoe}}}\n";
    assert_eq!(wrong(zoe, "User zoe"), ("spec.extension".to_owned(), false));
    assert_eq!(
        wrong(zoe, "Extension 911"),
        ("metadata.name".to_owned(), true)
    );
}
