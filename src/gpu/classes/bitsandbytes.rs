//! bitsandbytes without a library for torch's CUDA.

use super::super::facts::frameworks;
use super::super::{Answer, Cuda, Evidence, Gravity, Stack, Verdict};

const CLASS: &str = "BNB-LIB";

/// Tells a release of bitsandbytes that has no library for torch's CUDA, and a variable that picks another one.
pub(super) fn library(stack: &Stack, answers: &mut Vec<Answer>) {
    let environment = &stack.environment;
    let (Some(package), Some(torch)) = (environment.the("bitsandbytes"), environment.the("torch")) else { return };
    let Some(Cuda::Version(cuda)) = stack.carried("torch").next().map(|torch| &torch.cuda) else { return };
    if !environment.together(torch, package) {
        return;
    }
    let Some(carrier) = stack.carried("torch").next() else { return };
    let libraries = &frameworks().libraries;
    let chosen = environment.setting("BNB_CUDA_VERSION").filter(|setting| !setting.value.is_empty());
    let own = format!("{}{}", cuda.major(), cuda.minor());
    if let Some(chosen) = chosen {
        // The variable picks the library, whatever torch's CUDA is.
        if chosen.value.chars().all(|c| c.is_ascii_digit()) && chosen.value != own {
            let message =
                format!("BNB_CUDA_VERSION is {}, and {} is built for {}", chosen.value, torch.shown(), carrier.cuda);
            let about = Evidence {
                component: None,
                subject: environment.image().map_or("", |stage| stage.subject),
                place: chosen.place,
            };
            let answer = Answer::new(CLASS, Verdict::RunsIf, Gravity::Warning, Evidence::from(package), message)
                .because(&carrier.because, carrier.source)
                .because(
                    "the variable loads the library for that CUDA into a process that has torch's",
                    &libraries.bitsandbytes_rules.source,
                )
                .beside(about, "set here")
                .mend(format!("remove BNB_CUDA_VERSION, or set it to {own}"));
            answers.push(answer);
        }
        return;
    }
    let Some(release) = package.release() else { return };
    let Some(row) = libraries.bitsandbytes_without.iter().find(|row| row.cuda == *cuda && release <= row.last_without)
    else {
        return;
    };
    let message = format!("{} has no library for CUDA {cuda}, for which {} is built", package.shown(), torch.shown());
    let mut answer = Answer::new(CLASS, Verdict::FailsAtStart, Gravity::Error, Evidence::from(package), message)
        .because(&carrier.because, carrier.source)
        .because(
            "its wheel has one library for each minor version of CUDA, and loads the one of torch's",
            &libraries.bitsandbytes_rules.source,
        )
        .because(format!("releases up to {} have none for CUDA {cuda}", row.last_without), &row.source)
        .beside(torch.into(), "the torch beside it")
        .says("Configured CUDA binary not found");
    if let Some(first) = &row.first_with {
        answer = answer.mend(format!("pin bitsandbytes {first} or later, which has one"));
    }
    answers.push(answer);
}
