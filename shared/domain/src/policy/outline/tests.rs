//! Every path is found where its key, and where its value stands.

use super::*;

const FILE: &str = r#"# a policy
services:
  - name: api
    team: api
  - name: database
    rds: {db_instance: db}

route:
  receiver: everyone   # of all
  routes:
  - matchers: ['team="api"']
    receiver: api-team
    routes:
      - matchers:
          - 'priority="P1"'
          - 'x="y"'
        group_wait: 0s
  -
    receiver: late
receivers:
- name: everyone
  notes: |
    name: not a key
  sns_configs:
    - topic: alerts
priorities: {P1: {channels: [page, "pager"], escalate: true}, P2: {}}
users:
  - {id: aiko, contact_methods: [{class: page,
      topic: 'it''s'},
      # not here
      {class: chat}]}
"last": &anchor !tag end
"#;

/// Each row: a path, its key and its value, each as `line:column text`.
fn check(file: &str, rows: &[(&str, &str, &str)]) {
    let outline = Outline::of(file);
    let show = |mark: Mark| format!("{} {}", mark.place, mark.text);
    for (path, key, value) in rows {
        assert_eq!(show(outline.key_of(path)), *key, "the key of {path}");
        assert_eq!(show(outline.value_of(path)), *value, "the value of {path}");
    }
}

#[test]
fn every_path_is_found_where_its_key_and_value_stand() {
    check(
        FILE,
        &[
            ("services", "2:1 services", "2:1 services"),
            ("services[0].name", "3:5 name", "3:11 api"),
            ("services[1]", "5:5 name: database", "5:5 name: database"),
            ("services[1].rds", "6:5 rds", "6:10 {db_instance: db}"),
            ("services[1].rds.db_instance", "6:11 db_instance", "6:24 db"),
            ("route.receiver", "9:3 receiver", "9:13 everyone"),
            ("route.routes[0].matchers[0]", "11:16 'team=\"api\"'", "11:16 'team=\"api\"'"),
            ("route.routes[0].routes[0].matchers[1]", "16:13 'x=\"y\"'", "16:13 'x=\"y\"'"),
            ("route.routes[0].routes[0].group_wait", "17:9 group_wait", "17:21 0s"),
            ("route.routes[1].receiver", "19:5 receiver", "19:15 late"),
            ("receivers[0].notes", "22:3 notes", "22:3 notes"),
            ("receivers[0].sns_configs[0].topic", "25:7 topic", "25:14 alerts"),
            ("no.such.thing", "1:1 ", "1:1 "),
            ("", "1:1 ", "1:1 "),
        ],
    );
}

#[test]
fn flow_style_is_read_by_its_brackets_on_one_line_and_on_several() {
    check(
        FILE,
        &[
            ("priorities.P1", "26:14 P1", "26:18 {channels: [page, \"pager\"], escalate: true}"),
            ("priorities.P1.channels[0]", "26:30 page", "26:30 page"),
            ("priorities.P1.channels[1]", "26:36 \"pager\"", "26:36 \"pager\""),
            ("priorities.P1.escalate", "26:46 escalate", "26:56 true"),
            ("priorities.P2", "26:63 P2", "26:67 {}"),
            ("priorities.P2.channels", "26:63 P2", "26:63 P2"),
            ("users[0].id", "28:6 id", "28:10 aiko"),
            ("users[0].contact_methods[0].topic", "29:7 topic", "29:14 'it''s'"),
            ("users[0].contact_methods[1].class", "31:8 class", "31:15 chat"),
            ("last", "32:1 \"last\"", "32:22 end"),
        ],
    );
    check(
        "{\n  \"route\": {\"receiver\": \"all\",\n    \"routes\": [\n      {\"a\": 1}, {\"b\": \"c\"}]}\n}\n",
        &[
            ("route.receiver", "2:13 \"receiver\"", "2:25 \"all\""),
            ("route.routes[1].b", "4:18 \"b\"", "4:23 \"c\""),
            ("route.routes[2]", "3:5 \"routes\"", "3:5 \"routes\""),
        ],
    );
}

#[test]
fn lines_of_windows_and_wide_characters_keep_their_columns() {
    check("a: 監視 # x\r\n監視: {b: c}\r\n", &[("a", "1:1 a", "1:4 監視"), ("監視.b", "2:6 b", "2:9 c")]);
    assert_eq!(Outline::of("a: 監視").value_of("a").end_column(), 6);
}

#[test]
fn nonsense_has_an_outline_too() {
    for text in [
        "",
        "- - - a",
        ":::",
        "- \n-\n -",
        "a: b\n   c: d\n e: f\n- g",
        "\u{feff}a: b",
        "a:\n\t- b: c",
        "{",
        "[}",
        "a: {b: [",
        "a: 'b",
        "a: \"b\\",
        "]",
        "a: |",
        "a: |\n b",
        "- |\n  a: b\n- c",
        "{,,:[?}",
        "'a: b",
        "\"\": b",
        "a: &b",
        "a: {!t [b]}",
        "[`@%",
        "\r\n\r",
    ] {
        assert!(Outline::of(text).place_of("a.b[3].c").line >= 1, "{text:?}");
    }
}

#[test]
fn a_nest_without_end_costs_no_more_than_its_text() {
    for text in ["[".repeat(200_000), "- ".repeat(200_000), "{a: ".repeat(200_000), "[{a: ".repeat(1_000) + &"}]".repeat(1_000)] {
        assert!(Outline::of(&text).entries.len() <= 2 * DEPTH_MAX + 2);
    }
}

proptest::proptest! {
    #![proptest_config(crate::law::law())]

    /// Whatever the text is, a mark is a piece of it.
    #[test]
    fn a_mark_stands_where_it_says(text in "[ab:{}\\[\\],#'\"|\\- \n]{0,60}") {
        let outline = Outline::of(&text);
        for entry in outline.entries.values() {
            for mark in [Some(&entry.key), entry.value.as_ref()].into_iter().flatten() {
                let line = text.split('\n').nth(mark.place.line - 1).unwrap_or_default();
                let there: String = line.chars().skip(mark.place.column - 1).collect();
                proptest::prop_assert!(there.starts_with(&mark.text), "{mark:?} in {text:?}");
            }
        }
    }
}
