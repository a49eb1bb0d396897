//! Scenario files as people write them: those of the repository, and a folder of bad ones, each with its message.
//!
//! `bad-scenarios/NAME.toml` has its message in `bad-scenarios/NAME.snap`. A new case is a new file; run the test
//! with `INSTA_UPDATE=always` and read the message it wrote.

use std::{
    fs,
    num::NonZeroU64,
    path::{Path, PathBuf},
};

use record::{flood::Step, plan::Source};
use tracetax::scenario::{Scenario, parse, read};

const GOOD: &str = r#"
question = "What does it cost?"
[load]
pacing = "constant"
requests_per_second = 2_500.5
connections = 50
path = "/bytes/100?x=%20"
[block]
measure_ms = 100
warmup_ms = 0
[pairs]
quick = 5
standard = 5
thorough = 100_000
per_life = 25
[[treatment]]
name = "traced"
tracer = "raw-tracepoint"
[[treatment]]
name = "floor"
tracer = "cgroup-skb"
stage = "floor"
wakeup = "bytes(4096)"
[[treatment]]
name = "planted-2us"
plant_us = 2.5
[[treatment]]
name = "nothing"
nothing = true
[budget]
agent_memory_mb = 100
"#;

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there").flatten().map(|entry| entry.path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    files.sort();
    files
}

fn scenarios() -> Vec<Scenario> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios");
    files(folder).iter().map(|file| read(file).unwrap_or_else(|mistakes| panic!("{mistakes}"))).collect()
}

#[test]
fn each_bad_file_has_its_message() {
    let files = files("tests/bad-scenarios");
    assert!(files.len() >= 60, "only {} bad files", files.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("bad-scenarios");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for file in files {
            let message = read(&file).expect_err("a bad file was accepted").to_string();
            insta::assert_snapshot!(file.file_stem().unwrap().to_str(), message);
        }
    });
}

/// How a next step begins.
const VERBS: [&str; 8] = ["write ", "add ", "remove ", "move ", "rename ", "save ", "make ", "did you mean "];

#[test]
fn each_message_has_a_place_and_a_next_step() {
    for file in files("tests/bad-scenarios") {
        let message = read(&file).unwrap_err().to_string();
        let (places, steps) = (message.matches("--> tests/").count(), message.matches("= help: ").count());
        assert!(places > 0 && places == steps, "{message}");
        for step in message.lines().filter_map(|line| Some(line.split_once("= help: ")?.1)) {
            assert!(VERBS.iter().any(|verb| step.starts_with(verb)), "{step}");
        }
        assert!(message.chars().all(|c| c == '\n' || !c.is_control()), "{message:?}");
    }
}

#[test]
fn a_good_file_becomes_a_scenario() {
    let scenario = parse("good", "good.toml", GOOD).unwrap();
    insta::assert_debug_snapshot!(scenario, @r#"
    Scenario {
        name: "good",
        question: "What does it cost?",
        load: ScenarioLoad {
            source: Generator {
                pacing: Constant {
                    requests_per_second: 2500.5,
                },
                connections: 50,
                path: "/bytes/100?x=%20",
            },
            block_ns: 100000000,
            warmup_ns: 0,
            core: Sleeps,
        },
        pairs: Pairs {
            quick: 5,
            standard: 5,
            thorough: 100000,
            per_life: 25,
        },
        soak: false,
        treatments: [
            Treatment {
                name: "traced",
                kind: Tracer {
                    strategy: "raw-tracepoint",
                    stage: Full,
                    wakeup: Timer {
                        ms: 10,
                    },
                    leak_bytes_per_second: 0,
                },
                budget: TreatmentBudget {
                    server_cpu_us_per_request: None,
                    wakeups_per_second: None,
                    delivery_p99_ms: None,
                },
            },
            Treatment {
                name: "floor",
                kind: Tracer {
                    strategy: "cgroup-skb",
                    stage: Floor,
                    wakeup: Bytes(
                        4096,
                    ),
                    leak_bytes_per_second: 0,
                },
                budget: TreatmentBudget {
                    server_cpu_us_per_request: None,
                    wakeups_per_second: None,
                    delivery_p99_ms: None,
                },
            },
            Treatment {
                name: "planted-2us",
                kind: Planted {
                    ns_per_request: 2500,
                },
                budget: TreatmentBudget {
                    server_cpu_us_per_request: None,
                    wakeups_per_second: None,
                    delivery_p99_ms: None,
                },
            },
            Treatment {
                name: "nothing",
                kind: Nothing,
                budget: TreatmentBudget {
                    server_cpu_us_per_request: None,
                    wakeups_per_second: None,
                    delivery_p99_ms: None,
                },
            },
        ],
        budget: Budget {
            cpu_overhead_points: None,
            agent_memory_mb: Some(
                100.0,
            ),
            added_latency_ms: None,
            events_per_second: None,
            agent_cpu_points: None,
            uptime_pct: None,
            agent_growth_mb_per_hour: None,
        },
        margin: Margin {
            server_cpu_us_per_request: None,
        },
        tolerance: Tolerance {
            server_cpu_us_per_request: None,
        },
        bystander: None,
        lines: {
            "budget.agent_memory_mb": 31,
        },
    }
    "#);
}

#[test]
fn a_flood_climbs_its_ladder_after_an_overload() {
    let text = &GOOD[..GOOD.find("[[treatment]]").unwrap()];
    let generator = &text[text.find("pacing").unwrap()..text.find("[block]").unwrap()];
    let text = text.replace(generator, "pacing = \"flood\"\nrates = [10_000, 250_000]\n");
    let source = parse("flood", "flood.toml", &text).unwrap().load.source;
    let rate = |rate| Step::Rate { events_per_second: NonZeroU64::new(rate).unwrap() };
    let steps = vec![Step::Overload, rate(10_000), rate(250_000), Step::FlatOut];
    assert_eq!(source, Source::Flood { steps });
}

#[test]
fn without_treatments_the_tracer_is_compared() {
    let text = &GOOD[..GOOD.find("[[treatment]]").unwrap()];
    let scenario = parse("good", "good.toml", text).unwrap();
    insta::assert_debug_snapshot!(scenario.treatments, @r#"
    [
        Treatment {
            name: "traced",
            kind: Tracer {
                strategy: "raw-tracepoint",
                stage: Full,
                wakeup: Timer {
                    ms: 10,
                },
                leak_bytes_per_second: 0,
            },
            budget: TreatmentBudget {
                server_cpu_us_per_request: None,
                wakeups_per_second: None,
                delivery_p99_ms: None,
            },
        },
    ]
    "#);
    assert_eq!(scenario.budget, record::plan::Budget::default());
}

#[test]
fn line_ends_and_byte_order_mark_do_not_matter() {
    let expected = parse("good", "good.toml", GOOD).unwrap();
    assert_eq!(parse("good", "good.toml", &GOOD.replace('\n', "\r\n")).unwrap(), expected);
    assert_eq!(parse("good", "good.toml", &format!("\u{feff}{GOOD}")).unwrap(), expected);
}

#[test]
fn each_scenario_of_the_repository_is_good() {
    let names: Vec<_> = scenarios().into_iter().map(|scenario| scenario.name).collect();
    for name in [
        "light",
        "medium",
        "heavy",
        "stress",
        "saturation",
        "control-null",
        "control-planted",
        "soak",
        "strategies",
        "wakeups",
    ] {
        assert!(names.iter().any(|known| known == name), "scenarios/{name}.toml is gone");
    }
}

/// What a user waits for after `bench --all`, with 30 ms between blocks and 1.5 s to start a life.
#[test]
fn a_quick_run_of_all_takes_less_than_six_minutes() {
    const ALL: [&str; 6] = ["control-null", "light", "medium", "heavy", "stress", "saturation"];
    let all = scenarios().into_iter().filter(|scenario| ALL.contains(&scenario.name.as_str()));
    let seconds: f64 = all.map(|scenario| quick_seconds(&scenario)).sum();
    assert!(seconds < 360.0, "{seconds} s");
}

fn quick_seconds(scenario: &Scenario) -> f64 {
    let block_s = (scenario.load.block_ns + scenario.load.warmup_ns) as f64 / 1e9 + 0.03;
    let lives = scenario.pairs.quick.div_ceil(scenario.pairs.per_life);
    let a_treatment = f64::from(scenario.pairs.quick) * 2.0 * block_s + f64::from(lives) * 1.5;
    scenario.treatments.len() as f64 * a_treatment
}

#[test]
fn a_file_that_is_not_there_has_a_next_step() {
    let message = read(Path::new("scenarios/no-such.toml")).unwrap_err().to_string();
    insta::assert_snapshot!(message, @r#"
    error: the file cannot be read: No such file or directory (os error 2)
    --> scenarios/no-such.toml
     = help: write the name of a file that is there; `ls scenarios` lists them
    "#);
}

#[test]
fn a_file_that_is_far_too_large_is_not_read() {
    let file = tempfile::Builder::new().prefix("large").suffix(".toml").tempfile().unwrap();
    fs::write(&file, format!("{GOOD}#{}", "x".repeat(1 << 20))).unwrap();
    let message = read(file.path()).unwrap_err().to_string();
    assert!(message.contains("the file is larger than 1 MiB"), "{message}");
    assert!(message.contains("help: "), "{message}");
}

/// Files made to be slow or deep: they are refused like any other, in a moment.
#[test]
fn hostile_files_are_refused() {
    for text in [
        "a.".repeat(400_000) + "b = 1",
        "a = ".to_owned() + &"[".repeat(900_000),
        "[a]\n".repeat(250_000),
        "\u{85}".repeat(400_000),
        (0..5_000).map(|index| format!("k{index} = 1\n")).collect(),
    ] {
        assert!(parse("hostile", "hostile.toml", &text).unwrap_err().to_string().contains("help: "));
    }
}

/// Cutting a good file at many places, and putting anything there, gives a scenario or a message.
#[test]
fn no_slip_of_the_hand_is_fatal() {
    let snippets =
        ["", "\"", "=", "[", "]]", "\n", "-", "é", "nan", "\0", "\u{9b}", "[[treatment]]\n", "1_", "'''"];
    for (at, _) in GOOD.char_indices().step_by(4) {
        for snippet in snippets {
            for rest in [&GOOD[at..], &GOOD[at + 1..], ""] {
                if let Err(mistakes) = parse("slip", "slip.toml", &format!("{}{snippet}{rest}", &GOOD[..at]))
                {
                    assert!(mistakes.to_string().contains("help: "));
                }
            }
        }
    }
}
