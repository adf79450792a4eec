//! Writes `syncline.schema.json` anew, after a key was added or its help changed.

fn main() -> std::io::Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/syncline.schema.json");
    let mut text = serde_json::to_string_pretty(&syncline_config::json_schema())?;
    text.push('\n');
    std::fs::write(path, text)
}
