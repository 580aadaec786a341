//! Model strings such as `openai/gpt-4o-mini`, and what the environment says.

use std::env;
use std::sync::Arc;

use super::{ChatModel, MockModel, OpenAi};
use crate::{Error, Result, Secret};

/// A provider that is known by name.
struct Provider {
    name: &'static str,
    base: &'static str,
    // Where its key is found; `None` for a service that wants none.
    key: Option<&'static str>,
}

const PROVIDERS: [Provider; 8] = [
    Provider {
        name: "openai",
        base: "https://api.openai.com/v1",
        key: Some("OPENAI_API_KEY"),
    },
    Provider {
        name: "ollama",
        base: "http://localhost:11434/v1",
        key: None,
    },
    Provider {
        name: "openrouter",
        base: "https://openrouter.ai/api/v1",
        key: Some("OPENROUTER_API_KEY"),
    },
    Provider {
        name: "groq",
        base: "https://api.groq.com/openai/v1",
        key: Some("GROQ_API_KEY"),
    },
    Provider {
        name: "deepseek",
        base: "https://api.deepseek.com/v1",
        key: Some("DEEPSEEK_API_KEY"),
    },
    Provider {
        name: "dashscope",
        base: "https://dashscope.aliyuncs.com/compatible-mode/v1",
        key: Some("DASHSCOPE_API_KEY"),
    },
    Provider {
        name: "qwen",
        base: "https://dashscope.aliyuncs.com/compatible-mode/v1",
        key: Some("DASHSCOPE_API_KEY"),
    },
    Provider {
        name: "moonshot",
        base: "https://api.moonshot.cn/v1",
        key: Some("MOONSHOT_API_KEY"),
    },
];

/// Asked of OpenAI when only a key is configured.
const DEFAULT_MODEL: &str = "gpt-4o-mini";

/// The names that a model string may begin with.
pub(crate) fn names() -> Vec<&'static str> {
    PROVIDERS.iter().map(|provider| provider.name).collect()
}

/// Which model to use: named, ready made, or left to the environment.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum ModelSpec {
    /// `LUMOS_MODEL`, else OpenAI's with `OPENAI_API_KEY` or `OPENAI_BASE_URL`.
    #[default]
    Environment,
    /// `provider/name`, a bare name for the provider of the environment, or `mock`.
    Named(String),
    /// A model of the program's own.
    Ready(Arc<dyn ChatModel>),
}

/// What can be given as a model: a string or a [`ChatModel`].
pub trait IntoModel {
    /// The choice.
    fn into_model(self) -> ModelSpec;
}

impl IntoModel for &str {
    fn into_model(self) -> ModelSpec {
        ModelSpec::Named(self.to_string())
    }
}

impl IntoModel for String {
    fn into_model(self) -> ModelSpec {
        ModelSpec::Named(self)
    }
}

impl IntoModel for ModelSpec {
    fn into_model(self) -> ModelSpec {
        self
    }
}

impl<M: ChatModel> IntoModel for M {
    fn into_model(self) -> ModelSpec {
        ModelSpec::Ready(Arc::new(self))
    }
}

impl ModelSpec {
    /// The model itself, with keys and addresses from the environment.
    ///
    /// # Errors
    /// [`Error::NoModel`] when nothing is configured, [`Error::MissingKey`],
    /// [`Error::UnknownProvider`], or those of [`OpenAi::new`].
    pub fn resolve(&self) -> Result<Arc<dyn ChatModel>> {
        resolve(self, &|name| env::var(name).ok())
    }
}

/// The model itself; `variable` looks a name up in the environment.
pub(crate) fn resolve(
    spec: &ModelSpec,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Arc<dyn ChatModel>> {
    let variable = |name: &str| {
        variable(name)
            .map(|value| value.trim().to_string())
            .filter(|value| !value.is_empty())
    };
    let name = match spec {
        ModelSpec::Ready(model) => return Ok(Arc::clone(model)),
        ModelSpec::Named(name) => name.trim().to_string(),
        ModelSpec::Environment => variable("LUMOS_MODEL").unwrap_or_default(),
    };
    if name == "mock" {
        return Ok(Arc::new(MockModel::new()));
    }
    let base_url = variable("OPENAI_BASE_URL");
    let provider = name.split_once('/').and_then(|(prefix, model)| {
        let provider = PROVIDERS.iter().find(|provider| provider.name == prefix)?;
        Some((provider, model))
    });
    let model = match provider {
        Some((provider, model)) if provider.name != "openai" => {
            let key = match provider.key {
                None => None,
                Some(from) => Some(Secret::new(variable(from).ok_or(Error::MissingKey {
                    provider: provider.name,
                    variable: from,
                })?)),
            };
            let base = match provider.name {
                "ollama" => variable("OLLAMA_BASE_URL"),
                _ => None,
            };
            return open(base.as_deref().unwrap_or(provider.base), model, key);
        }
        Some((_, model)) => model.to_string(),
        None if base_url.is_some() => name.clone(),
        None => match name.split_once('/') {
            Some((prefix, _)) => {
                return Err(Error::UnknownProvider {
                    provider: prefix.to_string(),
                });
            }
            None => name.clone(),
        },
    };
    let key = variable("OPENAI_API_KEY").map(Secret::new);
    if key.is_none() && base_url.is_none() {
        return Err(match provider {
            Some(_) => Error::MissingKey {
                provider: "openai",
                variable: "OPENAI_API_KEY",
            },
            None => Error::NoModel,
        });
    }
    let model = if model.is_empty() {
        DEFAULT_MODEL.to_string()
    } else {
        model
    };
    open(
        base_url.as_deref().unwrap_or("https://api.openai.com/v1"),
        &model,
        key,
    )
}

fn open(base: &str, model: &str, key: Option<Secret>) -> Result<Arc<dyn ChatModel>> {
    Ok(Arc::new(OpenAi::new(base, model, key)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn with(spec: &str, variables: &[(&str, &str)]) -> Result<Arc<dyn ChatModel>> {
        let spec = match spec {
            "" => ModelSpec::Environment,
            name => name.into_model(),
        };
        resolve(&spec, &|name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.to_string())
        })
    }

    const LOCAL: (&str, &str) = ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1");

    #[test]
    fn an_empty_environment_has_no_model() {
        for spec in ["", "gpt-4"] {
            assert_eq!(with(spec, &[]).unwrap_err().code(), "E3002", "{spec}");
        }
        assert_eq!(
            with("", &[("OPENAI_API_KEY", "  ")]).unwrap_err().code(),
            "E3002"
        );
    }

    #[test]
    fn a_provider_without_its_key_says_which_variable_to_set() {
        for (spec, variable) in [
            ("openai/gpt-4o-mini", "OPENAI_API_KEY"),
            ("openrouter/meta-llama/llama-3", "OPENROUTER_API_KEY"),
            ("groq/llama", "GROQ_API_KEY"),
            ("deepseek/deepseek-chat", "DEEPSEEK_API_KEY"),
            ("dashscope/qwen-max", "DASHSCOPE_API_KEY"),
            ("qwen/qwen-max", "DASHSCOPE_API_KEY"),
            ("moonshot/kimi", "MOONSHOT_API_KEY"),
        ] {
            let error = with(spec, &[]).unwrap_err();
            assert_eq!(error.code(), "E3003", "{spec}");
            assert!(error.to_string().contains(variable), "{error}");
        }
    }

    #[test]
    fn names_are_split_at_the_first_slash() {
        let model = with("ollama/library/qwen3:8b", &[]).unwrap();
        assert_eq!(model.name(), "library/qwen3:8b");
        assert_eq!(with("mock", &[]).unwrap().name(), "mock");
        assert_eq!(
            with("", &[("LUMOS_MODEL", "ollama/qwen3")]).unwrap().name(),
            "qwen3"
        );
    }

    /// A server of one's own serves models whose names hold slashes.
    #[test]
    fn with_a_base_url_any_name_is_a_model() {
        assert_eq!(
            with("Qwen/Qwen2.5", &[LOCAL]).unwrap().name(),
            "Qwen/Qwen2.5"
        );
        assert_eq!(with("", &[LOCAL]).unwrap().name(), DEFAULT_MODEL);
        assert_eq!(with("openai/x", &[LOCAL]).unwrap().name(), "x");
        let error = with("Qwen/Qwen2.5", &[]).unwrap_err();
        assert_eq!(error.code(), "E3004");
        assert!(error.hint().unwrap().contains("ollama"));
    }
}
