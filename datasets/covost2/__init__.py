"""CoVoST 2: Common Voice clips with translations."""
