//! Test an application built with Plumego.
