//! `nvidia-smi --query-gpu=… --format=csv`, with its head or without.
//!
//! The head names the columns. Without it they are told by their shape: a driver's version is three numbers, which no
//! other value of the query is; a compute capability is one digit or two, a dot and a digit.

use anyhow::Result;

use super::machine::{Machine, version};
use crate::gpu::facts;
use crate::gpu::version::Dotted;

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Name,
    Driver,
    Compute,
    Other,
}

/// Reads the lines, each with its number, as far as they are rows.
pub(super) fn read(lines: &[(usize, &str)], machine: &mut Machine) -> Result<()> {
    let head = lines.iter().position(|(_, line)| head(line).is_some());
    if let Some(at) = head
        && let Some(columns) = self::head(lines[at].1)
    {
        for (number, line) in lines[at + 1..].iter().take_while(|(_, line)| cells(line).count() == columns.len()) {
            row(&columns, line, *number, machine)?;
        }
        return Ok(());
    }
    for (number, line) in lines {
        let columns: Vec<Column> = cells(line).map(shape).collect();
        // A sentence that happens to hold a number is no row: one cell must be a driver or a known GPU.
        let is_row = columns.iter().any(|column| matches!(column, Column::Name | Column::Driver))
            && columns.iter().filter(|column| **column == Column::Driver).count() < 2;
        if is_row {
            row(&columns, line, *number, machine)?;
        }
    }
    Ok(())
}

fn row(columns: &[Column], line: &str, number: usize, machine: &mut Machine) -> Result<()> {
    let mut compute = None;
    for (column, cell) in columns.iter().zip(cells(line)) {
        match column {
            Column::Name => machine.take_gpu(cell),
            Column::Driver => machine.take_driver(cell, number)?,
            Column::Compute => compute = Some(cell),
            Column::Other => {}
        }
    }
    if columns.iter().any(|column| matches!(column, Column::Name | Column::Compute)) {
        machine.take_compute(compute);
    }
    Ok(())
}

fn cells(line: &str) -> impl Iterator<Item = &str> {
    line.split(',').map(str::trim)
}

/// Returns the columns that a head names; none where the line is none.
fn head(line: &str) -> Option<Vec<Column>> {
    let column = |cell: &str| {
        // `memory.total [MiB]`
        let name = cell.split_once(" [").map_or(cell, |(name, _)| name);
        let is_name = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._".contains(&byte));
        is_name.then_some(match name {
            "name" | "gpu_name" => Column::Name,
            "driver_version" => Column::Driver,
            "compute_cap" => Column::Compute,
            _ => Column::Other,
        })
    };
    let columns = cells(line).map(column).collect::<Option<Vec<Column>>>()?;
    columns.iter().any(|column| *column != Column::Other).then_some(columns)
}

/// Returns what a cell is by its shape.
fn shape(cell: &str) -> Column {
    let is_compute = |version: &Dotted| {
        let (major, minor) = cell.split_once('.').unwrap_or_default();
        version.parts() == 2 && major.len() <= 2 && minor.len() == 1 && (3..=15).contains(&version.major())
    };
    let is_gpu = || {
        let begins = ["NVIDIA ", "Tesla ", "GeForce ", "Quadro ", "TITAN "].iter().any(|maker| cell.starts_with(maker));
        begins && facts::gpus().find(cell).is_some() && cell.len() < 64
    };
    match () {
        () if version(cell).is_some_and(|version| version.parts() == 3 && version.major() < 1000) => Column::Driver,
        () if Dotted::parse(cell).is_some_and(|version| is_compute(&version)) => Column::Compute,
        () if is_gpu() => Column::Name,
        () => Column::Other,
    }
}
