//! What a search tells of itself.

use lumos::Explained;

use super::print;
use crate::context::Context;
use crate::failure::Outcome;
use crate::snippet;

/// The hits, and the table of the library below them.
pub(super) fn tell(explained: &Explained, context: &mut Context) -> Outcome {
    if context.out.is_json() {
        return context.out.json(explained);
    }
    print::hits(&explained.hits, context)?;
    context.out.line("")?;
    // Keys are the users': they must not steer the terminal.
    context.out.line(snippet::plain(&explained.to_string()))
}
