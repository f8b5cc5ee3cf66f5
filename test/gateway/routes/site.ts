/** The HTTP routes over a real database and a real audit, with callers who only say who they are. */

import type { TestContext } from 'node:test'
import { sql } from 'kysely'
import type { TokenClaims } from '../../../src/access/claims.ts'
import type { Query, QueryAnswer, RegionHandle } from '../../../src/actors/region-handle.ts'
import { systemClock } from '../../../src/base/time.ts'
import type { Role } from '../../../src/domain/roles.ts'
import { type Gateway, startGateway } from '../../../src/gateway/gateway.ts'
import type { StoreView } from '../../../src/gateway/store-view.ts'
import { PostgresAudit } from '../../../src/store/audit/postgres-audit.ts'
import { type Database, openDatabase } from '../../../src/store/postgres/database.ts'
import { ReferenceStore } from '../../../src/store/reference/reference-store.ts'
import { ViewLists } from '../../../src/store/views/view-lists.ts'
import { Views } from '../../../src/store/views/views-follower.ts'
import { assertAnswerTold } from '../../support/http-answers.ts'
import { testDatabase } from '../../support/postgres.ts'
import { closedDoors } from '../harness.ts'

export interface Asked {
  readonly caller?: string
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answered {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes.
  readonly body: any
  readonly headers: Headers
}

export class Site {
  readonly gateway: Gateway
  readonly database: Database
  /** Of the role that owns the database. */
  readonly ownerUrl: string
  readonly reference: ReferenceStore
  readonly revoked: Set<string>
  readonly queries: Query[]
  /** Moves the wall clock of the gateway, in milliseconds. */
  readonly clock: { aheadMs: number }
  /** Whether the engine has taken up a change when it is asked to; counts how often it was. */
  readonly engine: { isFast: boolean; asked: number }

  readonly audit: PostgresAudit

  constructor(
    parts: Pick<Site, 'gateway' | 'database' | 'revoked' | 'queries' | 'clock' | 'engine' | 'audit' | 'ownerUrl'>,
  ) {
    this.gateway = parts.gateway
    this.audit = parts.audit
    this.database = parts.database
    this.ownerUrl = parts.ownerUrl
    this.reference = new ReferenceStore(parts.database)
    this.revoked = parts.revoked
    this.queries = parts.queries
    this.clock = parts.clock
    this.engine = parts.engine
  }

  /** Calls a route as whoever `callerOf` made; an admin where nobody is named. */
  async ask(
    path: string,
    { caller = callerOf('admin'), method = 'GET', body: given, headers = {} }: Asked = {},
  ): Promise<Answered> {
    const asked = this.queries.length
    const sent: Record<string, string> = { authorization: `Bearer ${caller}`, ...headers }
    const text = given === undefined ? {} : { body: typeof given === 'string' ? given : JSON.stringify(given) }
    const response = await fetch(`http://127.0.0.1:${this.gateway.port}${path}`, { method, headers: sent, ...text })
    const sentBack = await response.text()
    const body = sentBack === '' ? null : JSON.parse(sentBack)
    const answer: Answered = { status: response.status, body, headers: response.headers }
    // The region of a site is made up, and so is what it answers.
    if (this.queries.length === asked) assertAnswerTold(method, path, answer)
    return answer
  }

  #keys = 0
  /** A key that no request of this site has had. */
  key(): string {
    this.#keys += 1
    return `key-${this.#keys}`
  }

  post(path: string, body: unknown, asked: Asked = {}): Promise<Answered> {
    return this.ask(path, {
      ...asked,
      method: 'POST',
      body,
      headers: { 'idempotency-key': this.key(), ...asked.headers },
    })
  }

  /** What the audit holds by now, oldest first. */
  async audited(): Promise<readonly AuditRow[]> {
    const { rows } = await sql<AuditRow>`
      SELECT actor, action, region, subject, details FROM audit.entries ORDER BY seq`.execute(this.database)
    return rows
  }
}

interface AuditRow {
  readonly actor: string
  readonly action: string
  readonly region: string | null
  readonly subject: string | null
  readonly details: Readonly<Record<string, unknown>>
}

/** A credential of this site: it is its own claims. */
export function callerOf(role: Role, changes: Partial<TokenClaims> = {}): string {
  const claims: TokenClaims = {
    sub: `${role}-1`,
    role,
    regions: role === 'admin' ? [] : ['akl'],
    unit: role === 'driver' ? 'A1' : null,
    units: null,
    sid: null,
    authAtMs: 0,
    ...changes,
  }
  return Buffer.from(JSON.stringify(claims)).toString('base64url')
}

/** Input: the answer of the region `akl` to every query; the database that the routes see, when it is another one. */
export async function startSite(
  test: Pick<TestContext, 'after'>,
  onQuery: (query: Query) => QueryAnswer = () => ({
    ok: false,
    refusal: { code: 'internal', message: 'Not asked for.' },
  }),
  seen?: Database,
  store: () => StoreView = () => ({ status: 'up', isRestarting: false }),
): Promise<Site> {
  const made = await testDatabase()
  const database = openDatabase(made.engineUrl)
  const revoked = new Set<string>()
  const queries: Query[] = []
  const clock = { aheadMs: 0 }
  const engine = { isFast: true, asked: 0 }
  const wallClock = () => Date.now() + clock.aheadMs
  const region = {
    regionId: 'akl',
    query(query: Query, answer: (answer: QueryAnswer) => void) {
      queries.push(query)
      answer(onQuery(query))
    },
  } as Partial<RegionHandle> as RegionHandle
  const audit = new PostgresAudit({
    database,
    scheduler: { monotonicMs: () => 0, after: () => () => undefined },
    wallMs: wallClock,
    onFailure: error => {
      throw error
    },
  })
  const views = new Views({
    database,
    scheduler: systemClock,
    onFailure: error => {
      throw error
    },
    onPassedOver: () => undefined,
  })
  const gateway = await startGateway({
    ...closedDoors(),
    directory: {
      region: id => (id === 'akl' ? region : null),
      ready: () => true,
      damagedRows: () => 0,
      async follow() {
        engine.asked += 1
        return engine.isFast
      },
    },
    authenticator: {
      verify: async credential => ({ ok: true, value: JSON.parse(Buffer.from(credential, 'base64url').toString()) }),
      ticket: () => '',
    },
    revocations: { isRevoked: ({ sub }) => revoked.has(sub), refresh: async () => {}, onChange: () => undefined },
    audit,
    database: seen ?? database,
    lists: new ViewLists(database, views),
    store,
    wallClock,
  })
  test.after(async () => {
    await gateway.close()
    await database.destroy()
    await made.drop()
  })
  const site = new Site({ ownerUrl: made.url, gateway, database, revoked, queries, clock, engine, audit })
  await site.reference.addRegion({
    region: 'akl',
    name: 'Auckland',
    timeZone: 'Pacific/Auckland',
    dispatchMode: 'ordered',
  })
  await site.reference.addRegion({ region: 'wlg', name: 'Wellington', timeZone: 'UTC', dispatchMode: 'offered' })
  return site
}
