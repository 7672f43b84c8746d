//! Requests that are answered with questions first, as servers ask since 2026-07-28.
//!
//! The server remembers nothing between the rounds. Where there is more than one, or where the suite
//! wants to see it, the number of the round travels with the client, sealed.

use rmcp::{
    ErrorData, RoleServer,
    model::{
        CallToolResponse, CallToolResult, ClientCapabilities, ContentBlock, GetPromptRequestParams,
        GetPromptResponse, InputRequiredResult, InputResponses, RequestStateCodec, Tool,
    },
    service::RequestContext,
};
use serde_json::{Map, Value, json};

use crate::{
    listing::{from_json, tool},
    prompts,
    questions::{form, roots, sampling},
};

/// A secret of the fixtures' own, which guards nothing.
const KEY: &[u8; 32] = b"the fixtures keep no real secret";

/// The questions of one round by their keys.
type Questions = Map<String, Value>;

/// What has to be asked before a request is answered.
#[derive(Debug)]
struct Inquiry {
    rounds: Vec<Questions>,
    sealed: bool,
}

/// Where an inquiry stands.
#[derive(Debug)]
enum Step {
    Ask(InputRequiredResult),
    Answered,
}

pub(crate) fn tools() -> Vec<Tool> {
    let asks = "Asks, in its result, before it answers.";
    vec![
        tool("test_input_required_result_elicitation", asks),
        tool("test_input_required_result_sampling", asks),
        tool("test_input_required_result_list_roots", asks),
        tool("test_input_required_result_request_state", asks),
        tool("test_input_required_result_multiple_inputs", asks),
        tool("test_input_required_result_multi_round", asks),
        tool("test_input_required_result_tampered_state", asks),
        tool("test_input_required_result_capabilities", asks),
        tool("test_streaming_elicitation", asks),
        tool(
            "test_missing_capability",
            "Refuses clients that have no model to ask.",
        ),
    ]
}

/// The answer, where it is one of these tools.
pub(crate) fn call(
    name: &str,
    responses: Option<&InputResponses>,
    state: Option<&str>,
    context: &RequestContext<RoleServer>,
) -> Option<Result<CallToolResponse, ErrorData>> {
    let capabilities = context.client_capabilities().unwrap_or_default();
    if name == "test_missing_capability" {
        return Some(with_a_model(&capabilities).map(Into::into));
    }
    let inquiry = inquiry(name, &capabilities)?;
    let step = inquiry.step(responses, state);
    Some(step.map(|step| match step {
        Step::Ask(questions) => questions.into(),
        Step::Answered => {
            let text = format!("state-ok, with the answers {}", json!(responses));
            CallToolResult::success(vec![ContentBlock::text(text)]).into()
        }
    }))
}

/// The prompt that asks what it is to be about.
pub(crate) fn prompt(request: &GetPromptRequestParams) -> Result<GetPromptResponse, ErrorData> {
    let question = form(
        "What context should the prompt use?",
        &json!({"context": {"type": "string"}}),
    );
    let inquiry = Inquiry::once([("user_context", question)]);
    let step = inquiry.step(
        request.input_responses.as_ref(),
        request.request_state.as_deref(),
    )?;
    Ok(match step {
        Step::Ask(questions) => questions.into(),
        Step::Answered => {
            let answers = json!(request.input_responses);
            prompts::saying(&format!("Use these answers: {answers}")).into()
        }
    })
}

fn with_a_model(capabilities: &ClientCapabilities) -> Result<CallToolResult, ErrorData> {
    if capabilities.sampling.is_some() {
        let text = ContentBlock::text("The client has a model to ask.");
        return Ok(CallToolResult::success(vec![text]));
    }
    let required = from_json(json!({"sampling": {}}));
    Err(ErrorData::missing_required_client_capability(required))
}

fn inquiry(tool: &str, capabilities: &ClientCapabilities) -> Option<Inquiry> {
    let name = || form("What is your name?", &json!({"name": {"type": "string"}}));
    let confirm = || form("Please confirm", &json!({"ok": {"type": "boolean"}}));
    let greeting = || sampling("Generate a greeting", 50);
    let inquiry = match tool.strip_prefix("test_").unwrap_or_default() {
        "input_required_result_elicitation" => Inquiry::once([("user_name", name())]),
        "input_required_result_sampling" => {
            let capital = sampling("What is the capital of France?", 100);
            Inquiry::once([("capital_question", capital)])
        }
        "input_required_result_list_roots" => Inquiry::once([("client_roots", roots())]),
        "input_required_result_request_state" | "input_required_result_tampered_state" => {
            Inquiry::once([("confirm", confirm())]).sealed()
        }
        "input_required_result_multiple_inputs" => Inquiry::once([
            ("user_name", name()),
            ("greeting", greeting()),
            ("client_roots", roots()),
        ])
        .sealed(),
        "input_required_result_multi_round" => {
            let color = json!({"color": {"type": "string"}});
            let second = form("Step 2: What is your favorite color?", &color);
            Inquiry::once([("step1", name())])
                .then([("step2", second)])
                .sealed()
        }
        "input_required_result_capabilities" => Inquiry::of(
            [
                capabilities
                    .elicitation
                    .is_some()
                    .then(|| ("user_name", name())),
                capabilities
                    .sampling
                    .is_some()
                    .then(|| ("greeting", greeting())),
                capabilities
                    .roots
                    .is_some()
                    .then(|| ("client_roots", roots())),
            ]
            .into_iter()
            .flatten(),
        ),
        "streaming_elicitation" => Inquiry::once([("user_name", name())]),
        _ => return None,
    };
    Some(inquiry)
}

impl Inquiry {
    fn once<const N: usize>(questions: [(&str, Value); N]) -> Self {
        Self::of(questions)
    }

    fn of<'a>(questions: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        Self {
            rounds: vec![keyed(questions)],
            sealed: false,
        }
    }

    fn then<const N: usize>(mut self, questions: [(&str, Value); N]) -> Self {
        self.rounds.push(keyed(questions));
        self
    }

    fn sealed(self) -> Self {
        Self {
            sealed: true,
            ..self
        }
    }

    /// What comes next: the first questions, the same again where an answer is missing or of the wrong
    /// kind, the next ones, or the answer.
    fn step(
        &self,
        responses: Option<&InputResponses>,
        state: Option<&str>,
    ) -> Result<Step, ErrorData> {
        let asked = match state {
            Some(state) if self.sealed => open(state)?,
            _ => 0,
        };
        let Some(questions) = self.rounds.get(asked) else {
            return Err(forged());
        };
        let Some(responses) = responses else {
            return Ok(Step::Ask(self.ask(asked)?));
        };
        let mut questions = questions.iter();
        if !questions.all(|(key, question)| fits(question, responses.get(key))) {
            return Ok(Step::Ask(self.ask(asked)?));
        }
        if asked + 1 < self.rounds.len() {
            return Ok(Step::Ask(self.ask(asked + 1)?));
        }
        Ok(Step::Answered)
    }

    fn ask(&self, round: usize) -> Result<InputRequiredResult, ErrorData> {
        let state = self.sealed.then(|| codec()?.seal_json(&round));
        let state = state.transpose();
        let state = state.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        let questions = from_json(Value::Object(self.rounds[round].clone()));
        Ok(InputRequiredResult::new(Some(questions), state))
    }
}

fn keyed<'a>(questions: impl IntoIterator<Item = (&'a str, Value)>) -> Questions {
    let questions = questions.into_iter();
    questions
        .map(|(key, question)| (key.to_owned(), question))
        .collect()
}

/// Whether a response is of the kind that the question asks for.
fn fits(question: &Value, response: Option<&Value>) -> bool {
    let Some(response) = response else {
        return false;
    };
    match question["method"].as_str() {
        Some("elicitation/create") => response["content"].is_object(),
        Some("sampling/createMessage") => !response["content"].is_null(),
        _ => response["roots"].is_array(),
    }
}

fn codec() -> Result<RequestStateCodec, rmcp::model::RequestStateError> {
    RequestStateCodec::try_new(KEY)
}

fn open(state: &str) -> Result<usize, ErrorData> {
    let opened = codec().and_then(|codec| codec.open_json(state));
    opened.map_err(|_| forged())
}

fn forged() -> ErrorData {
    ErrorData::invalid_params("requestState is not one that this server has sealed", None)
}
