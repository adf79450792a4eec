//! The connector of PostgreSQL.
