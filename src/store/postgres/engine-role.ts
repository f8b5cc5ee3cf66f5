/**
 * The rights of the role that an engine runs as, where another role owns the schema: it appends to log, locations and
 * audit, and changes nothing that is in them. Whoever takes over an engine, or finds a way for SQL of their own through it,
 * cannot rewrite what was done.
 *
 * The appending functions run with the rights of their owner, so their own rules (fence, order, chain) hold for the engine
 * as well. What the engine replaces while it works, such as snapshots, leases, users and units, it may change.
 */
import { sql } from 'kysely'
import pg from 'pg'
import { type Database, DatabaseSetupError } from './database.ts'

const ALL = 'SELECT, INSERT, UPDATE, DELETE'
const READ = 'SELECT'

/** The tables of the views, and what people read of them. */
const VIEW_ROWS = ['call', 'trip', 'trip_time', 'unit', 'offer', 'decision', 'shift', 'alarm', 'passed_over'] as const
export const READ_VIEWS = [
  ...VIEW_ROWS.map(name => (name === 'passed_over' ? `views.${name}` : `views.${name}s`)),
  'views.progress',
]
const VIEW_RIGHTS: Readonly<Record<string, string>> = Object.fromEntries([
  ...['cursors', 'rebuilds', 'region_rows', ...VIEW_ROWS.map(name => `${name}_rows`)].map(name => [
    `views.${name}`,
    ALL,
  ]),
  ...READ_VIEWS.map(name => [name, READ]),
])

/** What an engine may do with each table. Nothing is ever truncated. */
export const ENGINE_RIGHTS: Readonly<Record<string, string>> = {
  'goldenhour.migrations': READ,
  'goldenhour.migration_lock': READ,
  'goldenhour.functions': READ,
  'audit.entries': READ,
  'audit.head': READ,
  'audit.cursors': 'SELECT, INSERT, UPDATE',
  'log.records': READ,
  'log.open_trip': READ,
  'log.call_details': READ,
  'log.former_call_details': READ,
  'log.call_notes': READ,
  'log.incident_numbers': READ,
  // Outcomes are forgotten by age.
  'log.commands': 'SELECT, DELETE',
  // A row is locked as a fence, which asks for the right to change it.
  'log.region_owner': 'SELECT, INSERT, UPDATE',
  'log.region_lease': ALL,
  'log.snapshots': ALL,
  'log.refused_snapshots': ALL,
  'log.closed_calls': 'SELECT, INSERT, UPDATE',
  'log.closed_trips': 'SELECT, INSERT, UPDATE',
  // What is erased, or kept from it, is for the owner to say.
  'log.erasures': READ,
  'log.holds': READ,
  'log.clock': 'SELECT, INSERT, UPDATE',
  'location.segments': READ,
  'location.archives': READ,
  'location.packs': READ,
  'location.tracks': READ,
  'location.stream_marks': ALL,
  'reference.regions': 'SELECT, INSERT, UPDATE',
  'reference.units': ALL,
  'reference.retired_units': ALL,
  'reference.stations': ALL,
  'reference.hospitals': ALL,
  // Decisions name their version, so it must stay what it was.
  'reference.policies': 'SELECT, INSERT',
  'reference.version': 'SELECT, UPDATE',
  // As policies. Of networks the last few are kept.
  'roads.versions': 'SELECT, INSERT',
  'roads.parts': 'SELECT, INSERT, DELETE',
  'roads.speeds': 'SELECT, INSERT',
  'roads.speed_uses': 'SELECT, INSERT',
  // A name in the log keeps its meaning.
  'auth.users': 'SELECT, INSERT, UPDATE',
  'auth.sign_ins': ALL,
  'auth.refresh_tokens': ALL,
  'auth.signing_keys': 'SELECT, INSERT, UPDATE',
  'auth.ticket_secrets': ALL,
  'auth.devices': 'SELECT, INSERT, UPDATE',
  'auth.revocations': ALL,
  'auth.version': 'SELECT, UPDATE',
  'gateway.http_outcomes': ALL,
  'webhooks.cursors': ALL,
  // They can be made anew from the log at any time.
  ...VIEW_RIGHTS,
}

/** They alone add to what may not be changed. */
export const APPENDING = ['audit.append', 'log.append_records', 'location.append_segment'] as const
/** What only grows, or is written by those alone. */
const HISTORY = [
  'audit.entries',
  'audit.head',
  'log.records',
  'log.call_details',
  'log.former_call_details',
  'log.call_notes',
  'log.incident_numbers',
  'log.erasures',
  'log.holds',
  'location.segments',
  'location.archives',
  'location.packs',
  'location.tracks',
  'reference.policies',
  'roads.versions',
  'roads.speeds',
  'roads.speed_uses',
]

const SCHEMAS = [...new Set(Object.keys(ENGINE_RIGHTS).map(table => table.split('.')[0]!))].join(', ')
/** Those of `audit` are for its owner, but for the one that appends. */
const FUNCTION_SCHEMAS = 'log, location, views'

/**
 * Gives a role the rights of an engine and takes every other from it; to be run in a transaction, as the owner.
 * Errors: DatabaseSetupError `engine-role-unfit` for a role that is not there or cannot be held to them; those of pg.
 */
export async function grantToEngine(session: pg.Client, role: string): Promise<void> {
  await refuseUnfit(session, role)
  const name = pg.escapeIdentifier(role)
  const grants = Object.entries(ENGINE_RIGHTS).map(([table, rights]) => `GRANT ${rights} ON ${table} TO ${name};`)
  await session.query(`
    DO $$ DECLARE f regprocedure; BEGIN
      FOR f IN SELECT p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname || '.' || p.proname IN (${APPENDING.map(each => `'${each}'`).join(', ')}) LOOP
        -- With a path that nobody can put a table or function of their own before.
        EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = pg_catalog, pg_temp', f);
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
      END LOOP;
    END $$;
    REVOKE ALL ON ALL TABLES IN SCHEMA ${SCHEMAS} FROM ${name};
    REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ${SCHEMAS} FROM ${name};
    REVOKE ALL ON SCHEMA ${SCHEMAS} FROM ${name};
    GRANT USAGE ON SCHEMA ${SCHEMAS} TO ${name};
    ${grants.join('\n')}
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${FUNCTION_SCHEMAS} TO ${name};
    GRANT EXECUTE ON FUNCTION audit.append(jsonb) TO ${name};`)
}

/** Whether a role has just the rights of an engine, so that a start of one more leaves a database at work alone. */
export async function hasEngineRights(session: pg.Client, role: string): Promise<boolean> {
  const { rowCount } = await session.query(
    `SELECT 1 FROM pg_roles r WHERE r.rolname = $1
       AND NOT EXISTS (SELECT 1 FROM unnest($2::text[], $3::text[]) AS t (name, rights) WHERE t.rights <> (
         SELECT coalesce(string_agg(p.name, ', ' ORDER BY p.n), '')
         FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) WITH ORDINALITY AS p (name, n)
         WHERE has_table_privilege(r.oid, t.name, p.name)))
       AND $4::int = (SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname || '.' || p.proname = ANY ($5) AND p.prosecdef AND has_function_privilege(r.oid, p.oid, 'EXECUTE'))`,
    [role, Object.keys(ENGINE_RIGHTS), Object.values(ENGINE_RIGHTS), APPENDING.length, APPENDING],
  )
  return rowCount === 1
}

/** The roles that were given an engine's rights before: a new version may need others. */
export async function engineRoles(session: pg.Client): Promise<string[]> {
  const { rows } = await session.query<{ role: string }>(`SELECT r.rolname AS role
    FROM pg_proc p CROSS JOIN aclexplode(p.proacl) a JOIN pg_roles r ON r.oid = a.grantee
    WHERE p.oid = to_regprocedure('audit.append(jsonb)') AND a.grantee <> p.proowner ORDER BY 1`)
  return rows.map(({ role }) => role)
}

/** Whether the role of these connections may change what was recorded, so that an engine could. Errors: those of pg. */
export async function mayChangeHistory(database: Database): Promise<boolean> {
  const { rows } = await sql<{ may: boolean }>`SELECT bool_or(has_table_privilege(t, 'UPDATE, DELETE, TRUNCATE')) AS may
    FROM unnest(${HISTORY}::text[]) AS t`.execute(database)
  return rows[0]!.may
}

async function refuseUnfit(session: pg.Client, role: string): Promise<void> {
  const { rows } = await session.query<{ unfit: string | null }>(
    `SELECT CASE WHEN r.rolsuper THEN 'it is a superuser'
      WHEN pg_has_role(r.oid, p.proowner, 'MEMBER') THEN 'it owns the audit, or is a member of the role that does' END AS unfit
    FROM pg_roles r JOIN pg_proc p ON p.oid = to_regprocedure('audit.append(jsonb)') WHERE r.rolname = $1`,
    [role],
  )
  if (rows.length === 0) {
    throw unfitRole(`The role ${role} does not exist; make it first: CREATE ROLE ${role} LOGIN PASSWORD '…'.`)
  }
  const { unfit } = rows[0]!
  if (unfit !== null) throw unfitRole(`The role ${role} cannot be held to an engine's rights: ${unfit}. Take another.`)
}

const unfitRole = (message: string): DatabaseSetupError => new DatabaseSetupError('engine-role-unfit', message)
