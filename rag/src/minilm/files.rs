//! Where the model's files are.

use std::env;
use std::path::{Path, PathBuf};

use super::{NAME, invalid};
use crate::error::Result;

pub(super) const MODEL: &str = "model.onnx";
pub(super) const TOKENIZER: &str = "tokenizer.json";
/// The variable that names the folder.
const VARIABLE: &str = "LUMOS_MODEL_DIR";

pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| invalid(format!("{}: {error}", path.display())))
}

/// The first folder that has the model.
pub(super) fn find() -> Result<PathBuf> {
    choose(
        env::var_os(VARIABLE).map(PathBuf::from),
        env::current_exe().ok().as_deref(),
    )
}

/// The folder named by the variable and no other, or else one near the program.
fn choose(named: Option<PathBuf>, program: Option<&Path>) -> Result<PathBuf> {
    let near = |program: &Path| {
        let above = program.ancestors().skip(1).take(2);
        above
            .map(|folder| folder.join("models").join(NAME))
            .collect::<Vec<_>>()
    };
    let asked = named.is_some();
    let places = match named {
        Some(folder) => vec![folder],
        None => program.map(near).unwrap_or_default(),
    };
    if let Some(folder) = places.iter().find(|folder| folder.join(MODEL).is_file()) {
        return Ok(folder.clone());
    }
    let looked: Vec<String> = places
        .iter()
        .map(|place| place.display().to_string())
        .collect();
    let advice = if asked {
        ""
    } else {
        "; set LUMOS_MODEL_DIR to its folder"
    };
    Err(invalid(format!(
        "there is no {MODEL} in {}{advice}",
        looked.join(" or ")
    )))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    /// The program was moved without its models: the message must lead to the right folder.
    #[test]
    fn a_missing_model_is_reported_with_the_places_that_were_searched() {
        let message = choose(None, Some(Path::new("/opt/bin/lumos")))
            .unwrap_err()
            .to_string();
        for part in ["/opt/bin/models/all-minilm-l6-v2", "/opt/models/", VARIABLE] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn the_variable_wins_over_the_folder_of_the_program() {
        let home = tempfile::tempdir().unwrap();
        let near = home.path().join("models").join(NAME);
        std::fs::create_dir_all(&near).unwrap();
        std::fs::write(near.join(MODEL), b"").unwrap();
        let program = home.path().join("bin").join("lumos");
        assert_eq!(choose(None, Some(&program)).unwrap(), near);

        let named = home.path().join("other");
        let message = choose(Some(named.clone()), Some(&program))
            .unwrap_err()
            .to_string();
        assert!(message.contains(&named.display().to_string()), "{message}");
        std::fs::create_dir_all(&named).unwrap();
        std::fs::write(named.join(MODEL), b"").unwrap();
        assert_eq!(choose(Some(named.clone()), Some(&program)).unwrap(), named);
    }
}
