pub mod model;
pub mod script;
