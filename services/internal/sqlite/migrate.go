package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
)

// applicationID is "OutD", written to the head of the file, by which it is
// known as ours (PRAGMA application_id).
const applicationID = 0x4f757444

// Migration n brings a file of version n-1 to version n. They only add, because
// agents of an older program may still be at work on the file.
//
//go:embed migrations/*.sql
var migrations embed.FS

// schemaVersion is the version of the schema that this program writes: the
// number of its migrations (PRAGMA user_version).
var schemaVersion = len(migrationNames())

func migrationNames() []string {
	names, err := fs.Glob(migrations, "migrations/*.sql") // in the order of names
	if err != nil {
		panic(err) // the pattern is constant
	}
	return names
}

// version reads the version of an Outdial file; 0 for an empty file. It refuses
// a file of another program and one of a newer version.
func version(ctx context.Context, conn *sql.Conn, path string) (int, error) {
	var application, v, tables int
	err := conn.QueryRowContext(ctx, `SELECT
		(SELECT application_id FROM pragma_application_id),
		(SELECT user_version FROM pragma_user_version),
		EXISTS (SELECT 1 FROM sqlite_schema)`).Scan(&application, &v, &tables)
	switch {
	case err != nil:
		return 0, translate(err)
	case application == 0 && v == 0 && tables == 0:
		return 0, nil
	case application != applicationID:
		return 0, ErrForeign
	case v > schemaVersion:
		return 0, &NewerVersionError{Path: path, File: v, Supports: schemaVersion}
	}
	return v, nil
}

// migrate brings the file to this program's version. Two programs that start at
// once do it one after the other, and the second finds nothing to do.
func migrate(ctx context.Context, conn *sql.Conn, o Options) error {
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return translate(err)
	}
	err := migrateInside(ctx, conn, o)
	if err == nil {
		_, err = conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		// The connection is closed after an error, which rolls back what this can't.
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return translate(err)
	}
	return nil
}

func migrateInside(ctx context.Context, conn *sql.Conn, o Options) error {
	from, err := version(ctx, conn, o.Path)
	if err != nil || from == schemaVersion {
		return err
	}
	for _, name := range migrationNames()[from:] {
		script, err := migrations.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := conn.ExecContext(ctx, string(script)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if from == 0 {
		if err := insertCapacity(ctx, conn, o.Capacity); err != nil {
			return err
		}
	}
	_, err = conn.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, schemaVersion))
	return err
}
