//! Micro benchmarks of the stages that an event passes: in the kernel's parser, and in the agent.
//!
//! Without arguments of its own it is a criterion benchmark, as `cargo bench` runs it. `--stages` lists the stages, one
//! JSON object a line; `--count STAGE` does a fixed number of operations, and prints what they have allocated. That is
//! what valgrind watches to count instructions.

mod count;
mod events;
mod exchange;
mod stages;
mod time;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["--stages"] => count::list(),
        ["--count", name] => count::count(name),
        _ => time::run(),
    }
}
