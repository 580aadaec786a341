//! One turn: the model is asked, its tools are run, until it answers or the budget is spent.

use crate::agent::Setup;
use crate::fence::Fence;
use crate::reply::cited;
use crate::tool::Findings;
use crate::{ChatReply, ChatRequest, Error, Message, Reply, Result, StopReason};

/// Where the text of the answer goes as it comes.
pub(crate) type OnText<'a> = &'a mut (dyn for<'t> FnMut(&'t str) + Send);

/// What a turn made: the answer, and the messages that it adds to the conversation.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) reply: Reply,
    pub(crate) messages: Vec<Message>,
    /// Whether the conversation now holds text that nobody vouches for.
    pub(crate) untrusted: bool,
}

/// Runs a turn after this history.
pub(crate) async fn run(
    setup: &Setup,
    history: &[Message],
    untrusted: bool,
    question: &str,
    mut on_text: Option<OnText<'_>>,
) -> Result<Turn> {
    if question.trim().is_empty() {
        return Err(Error::EmptyQuestion);
    }
    let model = setup.model()?;
    let tools = setup.tools()?;
    let fence = Fence::new()?;
    let mut findings = Findings {
        untrusted,
        passages: Vec::new(),
    };
    let mut reply = Reply::default();
    let mut messages = vec![Message::user(question)];
    for step in 1..=setup.max_steps {
        let mut sent = Vec::with_capacity(history.len() + messages.len() + 1);
        sent.extend(system(
            setup,
            &fence,
            findings.untrusted || !tools.is_empty(),
        ));
        sent.extend(
            history
                .iter()
                .chain(&messages)
                .map(|message| fence.around(message)),
        );
        let mut request = ChatRequest::new(sent)
            .temperature(setup.temperature)
            .max_tokens(setup.max_tokens);
        // Without tools in the last step the model can only answer.
        let last = step == setup.max_steps;
        if !last {
            request = request.tools(tools.specs());
        }
        let said: ChatReply = match &mut on_text {
            Some(on_text) => model.stream(&request, &mut **on_text).await?,
            None => model.chat(&request).await?,
        };
        reply.steps = step;
        reply.usage += said.usage;
        if let Some(cost) = said.cost {
            reply.cost = Some(reply.cost.unwrap_or(0.0) + cost);
        }
        reply.text = said.text.clone();
        reply.stop_reason = if last && step > 1 {
            StopReason::Steps
        } else {
            said.finish.into()
        };
        let calls = said.tool_calls;
        messages.push(Message::Assistant {
            text: said.text,
            tool_calls: calls.clone(),
        });
        if calls.is_empty() {
            break;
        }
        let results = if last {
            // Nobody would read the results.
            reply.stop_reason = StopReason::Steps;
            tools.refuse(&calls)
        } else {
            let approve = setup.approve.as_deref();
            tools.run(&calls, &mut findings, approve).await
        };
        messages.extend(results.into_iter().map(Message::Tool));
        reply.tool_calls.extend(calls);
    }
    reply.citations = cited(&reply.text, findings.passages);
    Ok(Turn {
        reply,
        messages,
        untrusted: findings.untrusted,
    })
}

/// The instructions, with the rule of the fence where something may be fenced.
fn system(setup: &Setup, fence: &Fence, fenced: bool) -> Option<Message> {
    let mut text = setup.system_prompt.clone();
    if fenced {
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(&fence.rule());
    }
    (!text.is_empty()).then(|| Message::system(text))
}
