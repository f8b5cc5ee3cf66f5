/**
 * The rights of a role for people who ask questions in SQL: it reads the views and nothing else, and changes nothing.
 *
 * What is said of callers and patients is in no view. The tables below the views are not for it either: their states may
 * change their form with any version.
 */
import pg from 'pg'
import { DatabaseSetupError } from './database.ts'
import { READ_VIEWS } from './engine-role.ts'

/** Every schema of ours but the one that it reads. */
const OTHER_SCHEMAS = 'goldenhour, audit, log, location, reference, roads, auth, gateway, webhooks'

/**
 * Gives a role the rights of a reader and takes every other of ours from it; to be run in a transaction, as the owner.
 * Errors: DatabaseSetupError `reader-role-unfit` for a role that is not there or cannot be held to them; those of pg.
 */
export async function grantToReader(session: pg.Client, role: string): Promise<void> {
  await refuseUnfitReader(session, role)
  const name = pg.escapeIdentifier(role)
  await session.query(`
    REVOKE ALL ON ALL TABLES IN SCHEMA ${OTHER_SCHEMAS}, views FROM ${name};
    REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ${OTHER_SCHEMAS}, views FROM ${name};
    REVOKE ALL ON SCHEMA ${OTHER_SCHEMAS}, views FROM ${name};`)
  await grantWhatIsRead(session, role)
}

/** Gives it again, with what has come since; whatever else an operator gave the role stays. Errors: those of pg. */
export async function grantWhatIsRead(session: pg.Client, role: string): Promise<void> {
  const name = pg.escapeIdentifier(role)
  await session.query(`
    GRANT USAGE ON SCHEMA views TO ${name};
    GRANT SELECT ON ${READ_VIEWS.join(', ')} TO ${name};
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA views TO ${name};`)
}

/** The roles that were given a reader's rights before: a new version may have more to read. */
export async function readerRoles(session: pg.Client, engines: ReadonlySet<string>): Promise<string[]> {
  const { rows } = await session.query<{ role: string }>(`SELECT r.rolname AS role
    FROM pg_class c CROSS JOIN aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
    WHERE c.oid = to_regclass('views.progress') AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner ORDER BY 1`)
  return rows.map(({ role }) => role).filter(role => !engines.has(role))
}

async function refuseUnfitReader(session: pg.Client, role: string): Promise<void> {
  const { rows } = await session.query<{ unfit: string | null }>(
    `SELECT CASE WHEN r.rolsuper THEN 'it is a superuser'
      WHEN pg_has_role(r.oid, p.proowner, 'MEMBER') THEN 'it owns the schema, or is a member of the role that does'
      WHEN EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE CASE WHEN a.grantee IN (0, p.proowner) THEN false
        ELSE pg_has_role(r.oid, a.grantee, 'MEMBER') END) THEN 'it is an engine''s, or is a member of such a role' END AS unfit
    FROM pg_roles r JOIN pg_proc p ON p.oid = to_regprocedure('audit.append(jsonb)') WHERE r.rolname = $1`,
    [role],
  )
  if (rows.length === 0) {
    throw unfitReader(`The role ${role} does not exist; make it first: CREATE ROLE ${role} LOGIN PASSWORD '…'.`)
  }
  const { unfit } = rows[0]!
  if (unfit !== null) throw unfitReader(`The role ${role} cannot be held to a reader's rights: ${unfit}. Take another.`)
}

const unfitReader = (message: string): DatabaseSetupError => new DatabaseSetupError('reader-role-unfit', message)
