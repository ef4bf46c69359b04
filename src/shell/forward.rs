pub fn forward(_: &crate::cli::Forward) -> anyhow::Result<()> {
    Ok(())
}
