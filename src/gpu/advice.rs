//! The smallest moves that mend a mismatch, reckoned from the tables.
