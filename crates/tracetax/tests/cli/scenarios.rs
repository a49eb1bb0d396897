//! Scenario files and plans.

use std::{fs, path::Path, process::Output};

use super::site::{GOOD, REPOSITORY, Site, refused, refused_at_once, text};

#[test]
fn a_misspelt_key_is_told_with_its_place_and_the_nearest_key() {
    let site = Site::new();
    site.scenario("typo", &GOOD.replace("warmup_ms", "warmpu_ms"));
    let says = ["scenarios/typo.toml:8:1", "warmpu_ms", "`warmup_ms`"];
    refused_at_once(&site, &mut site.lab(&["bench", "typo"]), 2, &says);
    refused_at_once(&site, &mut site.lab(&["bench", "good", "typo"]), 2, &says);
    let path = site.0.path().join("scenarios/typo.toml");
    refused_at_once(&site, &mut site.lab(&["bench", path.to_str().unwrap()]), 2, &says);
}

#[test]
fn every_wrong_scenario_is_told_at_once() {
    let site = Site::new();
    site.scenario("typo", &GOOD.replace("warmup_ms", "warmpu_ms"));
    let says = ["`goood`", "warmpu_ms"];
    refused_at_once(&site, &mut site.lab(&["bench", "goood", "typo", "good"]), 2, &says);
}

#[test]
fn an_unknown_scenario_is_told_with_the_nearest() {
    let site = Site::new();
    site.scenario("other", GOOD);
    let says = ["there is no scenario `godo`", "did you mean `good`?", "good, other"];
    refused_at_once(&site, &mut site.lab(&["bench", "godo"]), 2, &says);
    refused_at_once(&site, &mut site.lab(&["bench", "nowhere.toml"]), 2, &["nowhere.toml", "cannot be read"]);
}

#[test]
fn check_tells_good_files_and_all_mistakes_of_all_others() {
    let site = Site::new();
    let check = |args: &[&str]| site.lab(&[&["check"], args].concat()).output().unwrap();
    let good = check(&[]);
    assert_eq!((good.status.code(), text(&good.stderr).as_str()), (Some(0), ""));
    assert!(text(&good.stdout).starts_with("ok  ") && text(&good.stdout).ends_with("/scenarios/good.toml\n"));

    site.scenario("typo", &GOOD.replace("warmup_ms", "warmpu_ms").replace("100", "1"));
    site.scenario("zero", &GOOD.replace("per_life = 3", "per_life = 0"));
    let path = site.0.path().join("scenarios/zero.toml");
    for args in [&[][..], &["good", "typo", path.to_str().unwrap()]] {
        let Output { status, stdout, stderr } = check(args);
        let (stdout, stderr) = (text(&stdout), text(&stderr));
        assert_eq!((status.code(), stdout.lines().count()), (Some(2), 1), "{stdout}{stderr}");
        for part in ["warmpu_ms", "too small", "typo.toml:", "zero.toml:", "2 of 3 scenario files"] {
            assert!(stderr.contains(part), "`{part}` is not in: {stderr}");
        }
    }
    refused(&mut site.lab(&["check", "godo"]), 2, &["error: there is no scenario `godo`", "`good`"]);
    assert!(!site.results().exists());
}

#[test]
fn a_folder_without_scenarios_has_nothing_to_check() {
    let site = Site::new();
    fs::remove_file(site.0.path().join("scenarios/good.toml")).unwrap();
    refused(&mut site.lab(&["check"]), 2, &["scenarios holds no scenario file", "write one"]);
}

fn dry_run(site: &Site, seed: &str, root: &Path) -> String {
    let mut lab = site.lab(&["bench", "--all", "--dry-run", "--seed", seed]);
    let Output { status, stdout, stderr } = lab.env("TRACETAX_ROOT", root).output().unwrap();
    assert_eq!((status.code(), text(&stderr).as_str()), (Some(0), ""));
    text(&stdout)
}

#[test]
fn a_dry_run_prints_the_plan_and_measures_nothing() {
    let site = Site::new();
    let plan = dry_run(&site, "7", Path::new(REPOSITORY));
    assert!(plan.starts_with("profile quick, seed 7\n"), "{plan}");
    for scenario in ["control-null", "light", "medium", "heavy", "stress", "saturation"] {
        assert!(plan.contains(&format!("\n{scenario}: ")), "no {scenario} in {plan}");
    }
    assert!(plan.trim_end().lines().last().unwrap().starts_with("all together about "), "{plan}");
    assert!(!site.results().exists());
}

#[test]
fn the_same_seed_prints_the_same_plan() {
    let site = Site::new();
    let plan = |seed| dry_run(&site, seed, Path::new(REPOSITORY));
    assert_eq!(plan("7"), plan("7"));
    assert_ne!(plan("7").replace("seed 7", ""), plan("8").replace("seed 8", ""));
}
