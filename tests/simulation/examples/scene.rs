//! Tells the story of one scene with one trouble: `cargo run -p syncline-simulation --example scene -- create-left late kill:17`.

#![allow(clippy::print_stdout, reason = "a program for people")]

use clap::Parser;
use syncline_simulation::scripted::{SCENES, Sight, Trouble, play};

/// Plays a scene, and tells its story.
#[derive(Parser)]
struct Arguments {
    scene: String,
    /// `clear` or `late`: how soon the vendors show what was written.
    sight: Sight,
    /// `none`, `kill:17`, `kill:17:40`, `answer-lost:3`, `write-refused:2`, …
    trouble: Trouble,
}

fn main() -> std::process::ExitCode {
    let arguments = Arguments::parse();
    let Some(scene) = SCENES.iter().find(|scene| scene.name == arguments.scene) else {
        println!("there are these scenes: {:?}", SCENES.iter().map(|scene| scene.name).collect::<Vec<_>>());
        return std::process::ExitCode::from(2);
    };
    let course = play(scene, arguments.sight, &arguments.trouble, true);
    for line in &course.lines {
        println!("{line}");
    }
    println!("{:#?}", course.remains);
    for problem in &course.problems {
        println!("{problem}");
    }
    println!("{} {} {}: {:?}, quiet after {} s", scene.name, arguments.sight, arguments.trouble, course.points, course.to_quiet / 1_000);
    std::process::ExitCode::from(u8::from(!course.problems.is_empty()))
}
