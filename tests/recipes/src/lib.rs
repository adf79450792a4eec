//! syncline-recipe-tests
