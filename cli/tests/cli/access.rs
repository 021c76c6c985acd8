//! What keeps AWS from being asked.

use std::time::{Duration, Instant};

use crate::desk::{Desk, assert_fits};

const LIST: [&str; 2] = ["incident", "list"];

/// A desk at which nobody has signed in.
async fn signed_out() -> Desk {
    let mut desk = Desk::new().await;
    desk.set("AWS_ACCESS_KEY_ID", None);
    desk.set("AWS_SECRET_ACCESS_KEY", None);
    desk.world.forget_calls();
    desk
}

#[tokio::test]
async fn without_credentials_it_says_at_once_how_to_sign_in() {
    let desk = signed_out().await;
    let commands: [&[&str]; 4] = [&LIST, &["silence", "list"], &["remediation", "status"], &["redrive"]];
    for words in commands {
        let begun = Instant::now();
        let said = desk.run(words).await.error(3);
        assert!(begun.elapsed() < Duration::from_secs(8), "{words:?} took {:?}", begun.elapsed());
        assert!(said.starts_with("error: there are no AWS credentials\n       sign in with `aws sso login`"), "{said}");
        assert!(said.lines().count() <= 3, "{said}");
        assert_fits(&said);
        let for_programs = desk.run_json(words).await.json_error(3);
        assert!(for_programs.starts_with("there are no AWS credentials; sign in with"), "{for_programs}");
    }
    assert_eq!(desk.world.calls(), [], "nothing was asked of AWS");
}

#[tokio::test]
async fn a_profile_without_credentials_is_named() {
    let mut desk = signed_out().await;
    let said = desk.run(&["--profile", "night", "incident", "list"]).await.error(3);
    assert!(said.contains("night"), "{said}");
    desk.set("AWS_PROFILE", Some("day"));
    let said = desk.run(&LIST).await.error(3);
    assert!(said.contains("day") && said.contains("aws sso login"), "{said}");
    assert_fits(&said);
}

#[tokio::test]
async fn a_profile_that_is_asked_for_wins_over_keys_in_the_environment() {
    let desk = Desk::new().await;
    desk.world.forget_calls();
    let said = desk.run(&["--profile", "night", "incident", "list"]).await.error(3);
    assert!(said.contains("night"), "{said}");
    assert_eq!(desk.world.calls(), [], "another account's keys were used");
}

#[tokio::test]
async fn without_a_region_it_says_where_one_is_set() {
    let mut desk = Desk::new().await;
    desk.set("AWS_REGION", None);
    let said = desk.run(&LIST).await.error(3);
    assert_eq!(said, "error: no AWS region is set\n       give one with --region, AWS_REGION or the profile\n");
    assert!(desk.run_json(&LIST).await.json_error(3).starts_with("no AWS region is set; give one with --region"));
    assert!(desk.run(&["--region", "eu-west-1", "incident", "list"]).await.ok().starts_with("Nothing is open."));
}

#[tokio::test]
async fn a_table_that_is_not_there_is_named_with_where_its_name_is_found() {
    let mut desk = Desk::new().await;
    let commands: [&[&str]; 3] = [&LIST, &["incident", "show", "0K3-M9Q-F7T"], &["silence", "list"]];
    for words in commands {
        let said = desk.run(&[&["--table", "other"], words].concat()).await.error(3);
        assert!(said.starts_with("error: there is no table `other` in eu-west-1\n"), "{said}");
        assert!(said.contains("--table") && said.contains("`table_name`"), "{said}");
        assert_fits(&said);
    }
    desk.set("WATCHKEEPER_TABLE", Some("another"));
    assert!(desk.run_json(&LIST).await.json_error(3).starts_with("there is no table `another` in eu-west-1; "));
    // Without a name it is the one that Terraform gives it.
    for value in [None, Some("")] {
        desk.set("WATCHKEEPER_TABLE", value);
        desk.run(&LIST).await.ok();
    }
}

#[tokio::test]
async fn what_is_not_allowed_is_named() {
    let desk = Desk::new().await;
    let id = desk.fires("down", domain::span::Span::minutes(1)).await;
    desk.world.refuse(Some("watchkeeper"));
    for (words, call) in
        [(&LIST[..], "dynamodb:Query"), (&["incident", "show", id.as_str()], "dynamodb:"), (&["redrive"], "dynamodb:")]
    {
        let said = desk.run(words).await.error(3);
        assert!(said.starts_with(&format!("error: {call}")) && said.contains(" is not allowed: "), "{said}");
        assert!(said.contains("ask for that permission"), "{said}");
        assert_fits(&said);
        assert!(desk.run_json(words).await.json_error(3).contains("AccessDeniedException"));
    }
}

#[tokio::test]
async fn aws_out_of_order_is_not_taken_for_a_mistake() {
    let mut desk = Desk::new().await;
    desk.world.set_broken("dynamodb", true);
    let said = desk.run(&LIST).await.error(3);
    assert!(said.contains("does not work now") && said.contains("try again"), "{said}");
    // Nobody listens on the port that is reserved for throwing away what is sent.
    desk.set("AWS_ENDPOINT_URL", Some("http://127.0.0.1:9"));
    let said = desk.run(&LIST).await.error(3);
    assert!(said.contains("does not work now"), "{said}");
    assert_fits(&said);
}
