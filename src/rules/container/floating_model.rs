//! Models that are loaded at whatever their branch holds.

use anyhow::Result;

use crate::entry;
use crate::formats::oci::{OLLAMA, is_model};
use crate::graph::Subject;
use crate::model::Gap;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// A model is loaded from a hub without the commit that it was tested at.
    ///
    /// # Why
    /// A model's repository is a git repository: without a revision its branch `main` is loaded, as it is on the day that a
    /// pod starts. Weights, the tokenizer, the chat template and code that is trusted (`--trust-remote-code`) change under the
    /// same name, two replicas may serve two models, and no diff shows it. A branch or a tag as revision can be moved as well.
    ///
    /// # Mend
    /// Name the commit: `vllm serve Qwen/Qwen2.5-7B-Instruct --revision a09a35458c702b33eeacc393d103063234e8bc28`; with it goes
    /// `--tokenizer-revision`, and `--code-revision` where code of the repository is run. `hf download` takes `--revision`
    /// too. llama.cpp's `-hf` and Ollama's `Modelfile` take none: download the file at a commit, and load it by its path.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// floating-model = "deny"
    /// ```
    pub FloatingModel = "floating-model"
}

impl Rule for FloatingModel {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn looks_at(&self, _case: &Case<'_>, subject: &Subject) -> bool {
        let is_pinned = subject.components().any(|node| node.component.purl.ty() == "huggingface");
        is_pinned || subject.declared.iter().any(|declared| is_model(declared.requirement.extra))
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        for subject in case.resolved.subjects() {
            let models = subject.declared.iter().filter(|declared| is_model(declared.requirement.extra));
            for declared in models.filter(|declared| declared.gap == Gap::Unpinned) {
                let name = phrase::safe(declared.name);
                let message = match declared.requirement.constraint {
                    "" => format!("the model {name} is loaded at no revision: whatever its repository holds then"),
                    revision => {
                        let revision = phrase::safe(revision);
                        format!("the model {name} is loaded at {revision}, a name that can be moved to other weights")
                    }
                };
                let help = match subject.format {
                    _ if declared.requirement.extra == OLLAMA => {
                        "download the file at a commit and load it by its path; a tag of Ollama's can be moved"
                    }
                    "bentofile" => {
                        "name the version that was tested: `NAME:VERSION`, as `bentoml models list` shows it"
                    }
                    "mlmodel" => "save the model with its weights, or with the commits of the hub beside its names",
                    "modelfile" => {
                        "download the file at a commit and name it: `FROM ./model.gguf`; a name in a Modelfile can hold none"
                    }
                    _ => "name the commit that was tested, all 40 digits: `--revision COMMIT`",
                };
                findings
                    .at(self, subject.path, declared.place, message)
                    .name(declared.name)
                    .packages(subject.may_mean(declared))
                    .help(help);
            }
        }
        Ok(())
    }
}
