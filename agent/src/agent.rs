//! The agent: a model, its instructions, its tools and its memory.

use std::fmt;
use std::sync::{Arc, OnceLock};

use lumos_engine::Lumos;

use crate::approve::Approve;
use crate::tool::{Tool, Toolbox};
use crate::{ChatModel, Error, IntoModel, Memory, ModelSpec, Reply, Result, Session, turn};

/// Steps of a turn, unless said otherwise.
const MAX_STEPS: usize = 12;

/// An agent. Clones are cheap and share it.
///
/// ```
/// use lumos_agent::Agent;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> lumos_agent::Result<()> {
/// let agent = Agent::builder().model("mock").system_prompt("Be brief.").build();
/// // The mock model repeats what it is told.
/// assert_eq!(agent.chat("Hello").await?.to_string(), "Hello");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Agent {
    setup: Arc<Setup>,
}

/// What an agent consists of.
pub(crate) struct Setup {
    name: String,
    model: ModelSpec,
    /// The model once it was needed.
    ready: OnceLock<Arc<dyn ChatModel>>,
    pub(crate) system_prompt: String,
    tools: Vec<Arc<dyn Tool>>,
    toolbox: OnceLock<Toolbox>,
    /// The one given, or one of this process from the first session on.
    memory: OnceLock<Memory>,
    pub(crate) approve: Option<Arc<dyn Approve>>,
    pub(crate) max_steps: usize,
    pub(crate) temperature: Option<f32>,
    pub(crate) max_tokens: Option<u32>,
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup")
            .field("name", &self.name)
            .field("model", &self.model)
            .field("tools", &self.tools)
            .finish_non_exhaustive()
    }
}

impl Setup {
    pub(crate) fn model(&self) -> Result<&Arc<dyn ChatModel>> {
        if let Some(model) = self.ready.get() {
            return Ok(model);
        }
        let model = self.model.resolve()?;
        Ok(self.ready.get_or_init(|| model))
    }

    pub(crate) fn tools(&self) -> Result<&Toolbox> {
        if let Some(toolbox) = self.toolbox.get() {
            return Ok(toolbox);
        }
        let toolbox = Toolbox::new(self.tools.clone())?;
        Ok(self.toolbox.get_or_init(|| toolbox))
    }

    pub(crate) fn memory(&self) -> Result<&Memory> {
        if let Some(memory) = self.memory.get() {
            return Ok(memory);
        }
        let memory = Memory::open(&Lumos::memory()?);
        Ok(self.memory.get_or_init(|| memory))
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Agent {
    /// An agent with the model of the environment, no instructions, no tools, and sessions that live
    /// as long as the agent.
    pub fn builder() -> AgentBuilder {
        AgentBuilder {
            setup: Setup {
                name: "agent".to_string(),
                model: ModelSpec::Environment,
                ready: OnceLock::new(),
                system_prompt: String::new(),
                tools: Vec::new(),
                toolbox: OnceLock::new(),
                memory: OnceLock::new(),
                approve: None,
                max_steps: MAX_STEPS,
                temperature: None,
                max_tokens: None,
            },
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.setup.name()
    }

    /// Answers once, without a session.
    ///
    /// # Errors
    /// [`Error::EmptyQuestion`]; [`Error::NoModel`] and whatever else is wrong with the model or the
    /// tools; what the model's service fails with. A tool that fails is no error: the model reads why.
    pub async fn chat(&self, text: impl Into<String>) -> Result<Reply> {
        Ok(turn::run(&self.setup, &[], false, &text.into(), None)
            .await?
            .reply)
    }

    /// The session of this name, which goes on where it stopped.
    pub fn session(&self, name: impl Into<String>) -> Session {
        Session::new(Arc::clone(&self.setup), name.into())
    }
}

/// An agent about to be made. Nothing fails here: what is wrong surfaces when the agent is asked.
#[derive(Debug)]
#[must_use = "an agent is made by build()"]
pub struct AgentBuilder {
    setup: Setup,
}

impl AgentBuilder {
    /// Its name, kept with each turn (default `agent`).
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.setup.name = name.into();
        self
    }

    /// Its model: a string such as `ollama/qwen3`, or a [`ChatModel`] (default: that of the
    /// environment).
    pub fn model(mut self, model: impl IntoModel) -> Self {
        self.setup.model = model.into_model();
        self
    }

    /// Its instructions.
    pub fn system_prompt(mut self, prompt: impl Into<String>) -> Self {
        self.setup.system_prompt = prompt.into();
        self
    }

    /// Adds tools.
    pub fn tools(mut self, tools: impl IntoIterator<Item = Arc<dyn Tool>>) -> Self {
        self.setup.tools.extend(tools);
        self
    }

    /// Adds a tool.
    pub fn tool(self, tool: impl Tool) -> Self {
        self.tools([Arc::new(tool) as Arc<dyn Tool>])
    }

    /// Where its sessions are kept (default: in this process, until the agent is dropped).
    pub fn memory(mut self, memory: Memory) -> Self {
        self.setup.memory = OnceLock::from(memory);
        self
    }

    /// Who decides on tools with side effects once a conversation holds text of documents (default:
    /// nobody, and they do not run).
    pub fn approve(mut self, approve: impl Approve) -> Self {
        self.setup.approve = Some(Arc::new(approve));
        self
    }

    /// How often the model is asked in one turn (default 12, at least 1). In the last step it is given
    /// no tools, so that it answers.
    pub fn max_steps(mut self, steps: usize) -> Self {
        self.setup.max_steps = steps.max(1);
        self
    }

    /// Randomness, 0 to 2 (default: the provider's).
    pub fn temperature(mut self, temperature: f32) -> Self {
        self.setup.temperature = Some(temperature);
        self
    }

    /// Tokens of one answer of the model (default: the provider's).
    pub fn max_tokens(mut self, tokens: u32) -> Self {
        self.setup.max_tokens = Some(tokens);
        self
    }

    /// The agent.
    #[must_use]
    pub fn build(self) -> Agent {
        Agent {
            setup: Arc::new(self.setup),
        }
    }
}

/// An agent of a model and instructions, with sessions in this process.
///
/// # Errors
/// Those of [`ModelSpec::resolve`]: at once, since there is nothing else to set.
pub fn simple(model: impl IntoModel, system_prompt: impl Into<String>) -> Result<Agent, Error> {
    let agent = Agent::builder()
        .model(model)
        .system_prompt(system_prompt)
        .build();
    agent.setup.model()?;
    Ok(agent)
}
