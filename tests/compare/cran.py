"""R: renv."""

from graph import TOOLS, Graph, json_of

RENV_SCRIPT = """
records <- renv::lockfile_read(commandArgs(TRUE)[1])$Packages
fields <- c("Depends", "Imports", "LinkingTo")
said <- function(record, field) paste(unlist(record[[field]]), collapse = ", ")
db <- t(sapply(records, function(record) c(
  Package = record$Package, Version = record$Version, sapply(fields, said, record = record),
  # Of renv's first form of a record, which tells no kinds of requirements.
  Requirements = said(record, "Requirements"))))
if (all(db[, fields] == "")) db[, "Depends"] <- db[, "Requirements"]
requires <- tools::package_dependencies(rownames(db), db, which = fields)
requires <- lapply(requires, intersect, rownames(db))
cat(jsonlite::toJSON(list(packages = unname(db[, c("Package", "Version")]), requires = requires)))
"""


def renv_truth(lockfile):
    """renv's own reader of the lock, and R's own `package_dependencies` over the records that it reads."""
    answer = json_of([*TOOLS["Rscript"], "-e", RENV_SCRIPT, lockfile.resolve()], lockfile.parent)
    package = {name: (name, version) for name, version in answer["packages"]}
    truth = Graph(source="renv::lockfile_read and tools::package_dependencies", packages=set(package.values()))
    for above, names in answer["requires"].items():
        for below in names:
            truth.edge(package[above], package[below])
    return truth
