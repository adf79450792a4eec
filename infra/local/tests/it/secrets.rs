//! Credentials in a file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use syncline_engine::ports::secrets::{Bundle, Secrets};
use syncline_local::FileSecrets;
use syncline_model::Secret;

fn write(folder: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    set_mode(&path, 0o600);
    path
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn bundle<const N: usize>(pairs: [(&str, &str); N]) -> Bundle {
    Bundle(pairs.into_iter().map(|(key, text)| (key.to_owned(), Secret::new(text))).collect())
}

fn secrets(path: &Path) -> FileSecrets {
    let environment = BTreeMap::from([("ACME_KEY".to_owned(), Secret::new("from-outside"))]);
    FileSecrets::new(path, environment)
}

const YAML: &str = "
# ours
acme:
  api_key: env:ACME_KEY
  password: 0123
  private_key: |
    -----BEGIN-----
    abc
other: {token: \"on\"}
";

#[tokio::test]
async fn yaml_is_read_as_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = secrets(&write(&folder, "secrets.yaml", YAML));
    let expected = bundle([("api_key", "from-outside"), ("password", "0123"), ("private_key", "-----BEGIN-----\nabc\n")]);
    assert!(secrets.load("acme").await.unwrap() == Some(expected));
    assert!(secrets.load("other").await.unwrap() == Some(bundle([("token", "on")])));
    assert!(secrets.load("third").await.unwrap().is_none());
}

#[tokio::test]
async fn a_file_that_does_not_exist_holds_nothing_and_is_made_by_a_save() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["new/secrets.yaml", "secrets.json"] {
        let path = folder.path().join(name);
        let secrets = secrets(&path);
        assert!(secrets.load("acme").await.unwrap().is_none());
        let awkward = bundle([("token", "a: \"b\"\n#c\\ ü 🙂"), ("digits", "007")]);
        secrets.save("acme", &awkward).await.unwrap();
        secrets.save("other", &bundle([])).await.unwrap();
        assert_eq!(mode(&path), 0o600);
        assert!(secrets.load("acme").await.unwrap() == Some(awkward), "{name}");
        assert!(secrets.load("other").await.unwrap() == Some(bundle([])), "{name}");
    }
}

#[tokio::test]
async fn a_file_that_others_may_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "secrets.yaml", YAML);
    for (open_mode, shown) in [(0o640, "0640"), (0o604, "0604"), (0o620, "0620")] {
        set_mode(&path, open_mode);
        let refused = secrets(&path).load("acme").await.unwrap_err().to_string();
        assert!(refused.contains(&format!("mode {shown}")) && refused.contains("chmod 600"), "{refused}");
        assert!(secrets(&path).save("acme", &bundle([])).await.is_err());
    }
    set_mode(&path, 0o400);
    assert!(secrets(&path).load("acme").await.is_ok());
}

#[tokio::test]
async fn a_save_keeps_the_rest_and_unchanged_references() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "secrets.yaml", YAML);
    let secrets = secrets(&path);
    secrets.save("acme", &bundle([("api_key", "from-outside"), ("password", "new")])).await.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("env:ACME_KEY") && !text.contains("from-outside"), "{text}");
    assert!(secrets.load("acme").await.unwrap() == Some(bundle([("api_key", "from-outside"), ("password", "new")])));
    assert!(secrets.load("other").await.unwrap() == Some(bundle([("token", "on")])));

    // A rotated value can no longer come from the environment.
    secrets.save("acme", &bundle([("api_key", "rotated")])).await.unwrap();
    assert!(secrets.load("acme").await.unwrap() == Some(bundle([("api_key", "rotated")])));
    assert!(secrets.save("acme", &bundle([("api_key", "env:odd")])).await.is_err());
    assert_eq!(mode(&path), 0o600);
}

#[tokio::test]
async fn what_a_crash_left_behind_is_no_obstacle() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "secrets.yaml", YAML);
    let left_behind = write(&folder, "secrets.yaml.new", "half a fi");
    set_mode(&left_behind, 0o644);
    secrets(&path).save("acme", &bundle([("api_key", "x")])).await.unwrap();
    assert!(secrets(&path).load("acme").await.unwrap() == Some(bundle([("api_key", "x")])));
    assert_eq!(mode(&path), 0o600);
    assert!(!left_behind.exists());
}

#[tokio::test]
async fn concurrent_saves_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secrets.yaml");
    let mut savers = tokio::task::JoinSet::new();
    for n in 0..12 {
        let secrets = secrets(&path);
        savers.spawn(async move { secrets.save(&format!("c{n}"), &bundle([("token", "t")])).await });
    }
    assert!(savers.join_all().await.iter().all(Result::is_ok));
    for n in 0..12 {
        assert!(secrets(&path).load(&format!("c{n}")).await.unwrap().is_some(), "c{n}");
    }
}

#[tokio::test]
async fn refusals_name_the_place_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text, says) in [
        ("secrets.yaml", "acme:\n  api_key: env:MISSING\n", "api_key is taken from the environment variable MISSING"),
        ("secrets.yaml", "acme:\n  api_key: [s3cret]\n", "acme.api_key: a text is expected"),
        ("secrets.yaml", "acme:\n  api_key:\n", "acme.api_key: a text is expected"),
        ("secrets.yaml", "acme: s3cret\n", "a mapping of connections"),
        ("secrets.yaml", "- s3cret\n", "a mapping of connections"),
        ("secrets.yaml", "acme: \"s3cret\n", "this is not YAML"),
        ("secrets.yaml", "acme:\n  a: s3cret\n  a: s3cret\n", "this is not YAML"),
        ("secrets.yaml", "acme: {}\n---\nacme: {}\n", "several documents"),
        ("secrets.json", "{\"acme\": {\n\"api_key\": 53370}}", "line 2"),
        ("secrets.json", "{\"acme\": \"s3cret", "a mapping of connections"),
    ] {
        let path = write(&folder, name, text);
        let refused = secrets(&path).load("acme").await.unwrap_err();
        let shown = format!("{refused} {refused:?}");
        assert!(shown.contains(says), "{text:?}: {shown}");
        assert!(shown.contains(&path.display().to_string()), "{shown}");
        assert!(!shown.contains("s3cret") && !shown.contains("53370"), "{shown}");
    }
}
