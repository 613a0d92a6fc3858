"""The case folder: schema, migrations, repository, custody chain."""
