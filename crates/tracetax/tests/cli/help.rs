//! What the command line says of itself.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use super::site::{REPOSITORY, Site, refused_at_once, text};

/// What the lab prints where it must succeed.
fn said(lab: &mut Command) -> String {
    let Output { status, stdout, stderr } = lab.output().unwrap();
    assert!(status.success(), "{}", text(&stderr));
    text(&stdout)
}

#[test]
fn every_shell_gets_what_it_completes() {
    let site = Site::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = said(&mut site.lab(&["completions", shell]));
        for word in ["tracetax", "bench", "dry-run"] {
            assert!(script.contains(word), "{shell} does not complete {word}");
        }
        assert!(!script.contains("bystander"), "{shell} completes what only a run starts");
    }
    refused_at_once(&site, &mut site.lab(&["completions", "tcsh"]), 2, &["bash", "zsh"]);
}

#[test]
fn bash_reads_its_completions() {
    let Ok(version) = Command::new("bash").arg("--version").output() else {
        eprintln!("not tried: there is no bash here");
        return;
    };
    assert!(version.status.success());
    let site = Site::new();
    let path = site.0.path().join("tracetax.bash");
    fs::write(&path, said(&mut site.lab(&["completions", "bash"]))).unwrap();
    let complete = "source \"$1\"; COMP_WORDS=(tracetax be); COMP_CWORD=1; _tracetax tracetax be tracetax; \
                    echo \"${COMPREPLY[@]}\"";
    let bash = Command::new("bash").args(["-c", complete, "bash", path.to_str().unwrap()]).output().unwrap();
    assert_eq!(text(&bash.stdout), "bench\n", "{}", text(&bash.stderr));
}

#[test]
fn each_command_has_its_manual_page() {
    let site = Site::new();
    let main = said(&mut site.lab(&["man"]));
    assert!(main.contains("\n.TH tracetax 1 ") && main.contains("Exit codes: 0"), "{main}");
    let folder = site.0.path().join("new/man1");
    assert_eq!(said(&mut site.lab(&["man", folder.to_str().unwrap()])), "");
    for page in ["tracetax.1", "tracetax-bench.1", "tracetax-compare.1", "tracetax-man.1"] {
        let written = fs::read_to_string(folder.join(page)).unwrap();
        assert!(written.contains(&format!("\n.TH {} 1 ", page.trim_end_matches(".1"))), "{written}");
    }
    assert!(!folder.join("tracetax-warm.1").exists());
    let file = site.0.path().join("scenarios/good.toml/man1");
    refused_at_once(&site, &mut site.lab(&["man", file.to_str().unwrap()]), 1, &["name another folder"]);
}

/// The help of `cargo xtask` lists what the lab has, in the lab's words.
#[test]
fn the_driver_lists_every_command() {
    let site = Site::new();
    let driver = fs::read_to_string(Path::new(REPOSITORY).join("xtask/src/handed.rs")).unwrap();
    let help = said(&mut site.lab(&["--help"]));
    let commands =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<_> = commands.filter_map(|line| line.trim().split_once(' ')).collect();
    assert!(commands.len() > 10, "{help}");
    for (name, about) in commands.into_iter().filter(|(name, _)| *name != "help") {
        assert!(driver.contains(&format!("\"{name}\"")), "the driver does not hand `{name}` on");
        assert!(
            driver.contains(&format!("\"{}\"", about.trim())),
            "the driver says something else of `{name}`"
        );
    }
}
