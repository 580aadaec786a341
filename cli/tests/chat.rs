//! Conversations, with a model that is a server of this test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod program;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use program::{Program, Run};
use serde_json::{Value, json};

/// An OpenAI-compatible service that says these things in turn; the requests it got can be received.
struct Service {
    base: String,
    requests: Receiver<Value>,
}

impl Service {
    fn saying(messages: Vec<Value>) -> Service {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}/v1", listener.local_addr().unwrap());
        let (sender, requests) = channel();
        thread::spawn(move || {
            for message in messages {
                let (stream, _) = listener.accept().unwrap();
                sender.send(answer(stream, &message)).unwrap();
            }
        });
        Service { base, requests }
    }

    fn run(&self, lumos: &Program, input: &str, arguments: &[&str]) -> Run {
        let mut command = lumos.command(arguments);
        command
            .env("OPENAI_BASE_URL", &self.base)
            .env("no_proxy", "*");
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        Run::of(child.wait_with_output().unwrap())
    }
}

/// Reads one request and answers it with a message.
fn answer(stream: TcpStream, message: &Value) -> Value {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let finish = if message.get("tool_calls").is_some() {
        "tool_calls"
    } else {
        "stop"
    };
    let reply = json!({
        "id": "1", "object": "chat.completion", "model": "test",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    });
    let reply = reply.to_string();
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{reply}",
        reply.len()
    )
    .unwrap();
    serde_json::from_slice(&body).unwrap()
}

fn said(text: &str) -> Value {
    json!({"role": "assistant", "content": text})
}

#[test]
fn without_a_model_the_message_says_what_to_set() {
    let lumos = Program::new();
    let run = lumos.run(["chat", "hello"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert!(
        run.stderr
            .starts_with("error[E3002]: no model configured\n  help: set OPENAI_API_KEY"),
        "{run:?}"
    );
    assert!(
        !lumos.path("lumos.db").exists(),
        "a failed start left a database behind"
    );
}

#[test]
fn an_unknown_provider_is_told() {
    let run = Program::new().run(["chat", "--model", "nobody/x", "hello"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .starts_with("error[E3004]: unknown model provider \"nobody\"\n"),
        "{run:?}"
    );
}

#[test]
fn a_session_goes_on_in_the_next_run() {
    let lumos = Program::new();
    let service = Service::saying(vec![
        said("Hello Ada."),
        said("Your name is Ada."),
        said("Who?"),
    ]);
    let run = service.run(&lumos, "", &["chat", "--session", "ada", "I am Ada"]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(0), "Hello Ada.\n"),
        "{run:?}"
    );
    let first = service.requests.recv().unwrap();
    assert_eq!(first["messages"][0]["role"], "system");

    let run = service.run(
        &lumos,
        "What is my name?\n",
        &["chat", "--session", "ada", "--json"],
    );
    assert_eq!(
        run.stdout, "{\"session\":\"ada\",\"text\":\"Your name is Ada.\"}\n",
        "{run:?}"
    );
    let second = service.requests.recv().unwrap().to_string();
    for part in ["I am Ada", "Hello Ada.", "What is my name?"] {
        assert!(second.contains(part), "{second}");
    }

    let run = service.run(&lumos, "", &["chat", "--session", "bob", "hello"]);
    assert_eq!(run.stdout, "Who?\n", "{run:?}");
    assert!(!service.requests.recv().unwrap().to_string().contains("Ada"));
}

#[test]
fn the_model_can_search_the_documents() {
    let lumos = Program::new();
    lumos.write(
        "notes/keys.md",
        "# Keys\n\nRotate keys every ninety days with the rotate command.\n",
    );
    lumos.ok(["add", "notes", "--keywords"]);
    let service = Service::saying(vec![said("first")]);
    service.run(&lumos, "", &["chat", "hello"]);
    let offered = service.requests.recv().unwrap();
    let tool = offered["tools"][0]["function"]["name"]
        .as_str()
        .unwrap()
        .to_string();
    let parameter = offered["tools"][0]["function"]["parameters"]["required"][0]
        .as_str()
        .unwrap();

    let arguments = json!({ parameter: "rotate keys" }).to_string();
    let call = json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": tool, "arguments": arguments}}]});
    let service = Service::saying(vec![call, said("Every ninety days.")]);
    let run = service.run(
        &lumos,
        "",
        &["chat", "--session", "new", "When do I rotate keys?"],
    );
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(0), "Every ninety days.\n"),
        "{run:?}"
    );
    service.requests.recv().unwrap();
    let found = service.requests.recv().unwrap().to_string();
    assert!(
        found.contains("ninety days") && found.contains("keys.md"),
        "{found}"
    );
}

#[test]
fn a_service_that_cannot_be_reached_is_an_error_with_its_address() {
    let lumos = Program::new();
    let mut command = lumos.command(["chat", "hello"]);
    command
        .env("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
        .env("no_proxy", "*");
    let run = Run::of(command.stdin(Stdio::null()).output().unwrap());
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert!(
        run.stderr
            .starts_with("error[E3010]: cannot reach http://127.0.0.1:9"),
        "{run:?}"
    );
}
