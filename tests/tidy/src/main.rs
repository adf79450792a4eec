//! Writes the generated files anew: the lists of vendors from the folders under `shared/connectors`, and the config's JSON Schema.

fn main() -> Result<(), String> {
    let root = syncline_tidy::tree::root();
    for file in syncline_tidy::generated::all(&root)? {
        if file.stands != file.wanted {
            std::fs::write(root.join(&file.path), &file.wanted).map_err(|error| format!("{} was not written: {error}", file.path))?;
        }
    }
    Ok(())
}
