/**
 * What supervisors and administrators read and change over HTTP: units, hospitals, policy, users, devices, regions, audit.
 *
 * Whatever is changed is changed at the version that was read, so a change of somebody else's is never lost: `ChangeRefused` with
 * the code `version-differs` then. What is new is made under a key: the same key again makes nothing twice.
 */

import type { Policy } from '../domain/policy.ts'
import type { HospitalStatus } from '../domain/vocabulary.ts'
import type { StatisticsView } from '../protocol/statistics-view.ts'
import type { TokenSource } from './credentials.ts'
import type { ReadsOptions, RegionInfo } from './engine-reads.ts'
import { ChangeRefused, ClientFault, ReadRefused } from './errors.ts'
import { HttpDoor, isObject } from './http-door.ts'
import { randomId } from './random-id.ts'

/** Of everything that can be changed. */
export interface AtVersion {
  readonly version: number
}
/** A thing of a region as the engine shows it; which fields it has is told in docs/protocol/administration.md. */
export type OfficeRecord = AtVersion & Readonly<Record<string, unknown>>
export type OfficeKind = 'units' | 'stations' | 'hospitals'

/** One version of a region's policy. */
export interface PolicyVersion extends AtVersion {
  readonly region: string
  readonly changedAtMs: number
  readonly changedBy: string
  readonly note: string | null
  readonly policy: Policy
}

export interface UserRecord extends AtVersion {
  readonly name: string
  readonly role: string
  readonly regions: readonly string[]
  readonly units: readonly string[] | 'all' | null
  readonly disabled: boolean
  readonly createdAtMs: number
  readonly changedAtMs: number
}

export interface DeviceRecord extends AtVersion {
  readonly id: string
  readonly name: string
  readonly role: string
  readonly region: string
  readonly unit: string | null
  readonly units: readonly string[] | 'all' | null
  readonly disabled: boolean
  readonly lastUsedAtMs: number | null
}

export interface AuditRecord {
  readonly seq: number
  readonly atMs: number
  readonly actor: string
  readonly action: string
  readonly outcome: string
  readonly region: string | null
  readonly subject: string | null
  readonly address: string | null
  readonly details: Readonly<Record<string, unknown>>
}

export interface AuditSearch {
  readonly region?: string
  readonly actor?: string
  readonly action?: string
  readonly subject?: string
  readonly outcome?: string
  readonly fromMs?: number
  readonly toMs?: number
  /** `next` of the page before. */
  readonly after?: string
}

/** How far the audit is proven: `end` is `SEQ:HASH`, worth keeping where the owner of the database cannot write. */
export interface AuditProof {
  readonly end: string | null
  readonly isWhole: boolean
  readonly fault: { readonly seq: number; readonly fault: string; readonly message: string } | null
}

export interface OfficeItems<T> {
  readonly items: readonly T[]
  readonly next: string | null
}

interface Sent {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly what: string
  readonly body?: object
  readonly version?: number
  readonly key?: string
}

const PAGE_ITEMS = 500
/** What a list reads at most: more belongs into a search. */
const PAGES_MAX = 20

export class EngineOffice {
  readonly #door: HttpDoor
  readonly #token: TokenSource

  /** Errors: throws TypeError for what is no URL. */
  constructor(options: ReadsOptions) {
    this.#door = new HttpDoor(options)
    this.#token = options.token
  }

  /** Under which something new is made; keep it while the answer is not known. */
  newKey(): string {
    return randomId()
  }

  /** In the order of ids, 10,000 at most. Errors: as all reads here, ReadRefused and ClientFault. */
  list(kind: OfficeKind, region: string): Promise<readonly OfficeRecord[]> {
    return this.#all(`/v1/${kind}?region=${part(region)}`, `the ${kind}`)
  }
  one(kind: OfficeKind, region: string, id: string): Promise<OfficeRecord> {
    return this.#read(`/v1/${kind}/${part(id)}?region=${part(region)}`, 'it')
  }
  /** Errors: as all changes here, ChangeRefused and ClientFault. */
  add(kind: OfficeKind, region: string, thing: object, key: string): Promise<OfficeRecord> {
    return this.#send({
      method: 'POST',
      path: `/v1/${kind}?region=${part(region)}`,
      what: 'the change',
      body: thing,
      key,
    })
  }
  change(kind: OfficeKind, region: string, id: string, version: number, changes: object): Promise<OfficeRecord> {
    const path = `/v1/${kind}/${part(id)}?region=${part(region)}`
    return this.#send({ method: 'PATCH', path, what: 'the change', body: changes, version })
  }
  /** Says whether a hospital takes patients; a dispatcher may. */
  setHospitalStatus(
    region: string,
    hospitalId: string,
    version: number,
    said: { readonly status: HospitalStatus; readonly note: string | null },
  ): Promise<OfficeRecord> {
    const path = `/v1/hospitals/${part(hospitalId)}/status?region=${part(region)}`
    return this.#send({ method: 'PUT', path, what: 'the status', body: said, version })
  }
  /** A unit is retired by it. */
  async remove(kind: OfficeKind, region: string, id: string, version: number): Promise<void> {
    await this.#send({ method: 'DELETE', path: `/v1/${kind}/${part(id)}?region=${part(region)}`, what: 'it', version })
  }

  /** Of the calls of a window; the other parameters are those of `GET /v1/statistics`. */
  statistics(region: string, asked: Readonly<Record<string, string | number>>): Promise<StatisticsView> {
    const query = Object.entries(asked).map(([name, value]) => `&${name}=${part(String(value))}`)
    return this.#read(`/v1/statistics?region=${part(region)}${query.join('')}`, 'the statistics')
  }

  regions(): Promise<readonly RegionInfo[]> {
    return this.#all('/v1/regions', 'the regions')
  }
  addRegion(region: object, key: string): Promise<RegionInfo> {
    return this.#send({ method: 'POST', path: '/v1/regions', what: 'the region', body: region, key })
  }

  /** The one that stands. */
  policy(region: string): Promise<PolicyVersion> {
    return this.#read(`/v1/regions/${part(region)}/policy`, 'the policy')
  }
  /** The newest first. */
  policyVersions(region: string, after: string | null = null): Promise<OfficeItems<PolicyVersion>> {
    const cursor = after === null ? '' : `&after=${part(after)}`
    return this.#page(`/v1/regions/${part(region)}/policy/versions?limit=50${cursor}`, 'the versions')
  }
  /** Replaces the policy as a whole, while the version that was read stands. */
  setPolicy(region: string, version: number, policy: object, note: string): Promise<PolicyVersion> {
    const path = `/v1/regions/${part(region)}/policy`
    return this.#send({ method: 'PUT', path, what: 'the policy', body: { policy, note }, version })
  }

  users(): Promise<readonly UserRecord[]> {
    return this.#all('/v1/users', 'the users')
  }
  user(name: string): Promise<UserRecord> {
    return this.#read(`/v1/users/${part(name)}`, 'the user')
  }
  /** Without a password one is made up, which is told to the first answer alone. */
  addUser(user: object, key: string): Promise<UserRecord & { readonly password?: string | null }> {
    return this.#send({ method: 'POST', path: '/v1/users', what: 'the user', body: user, key })
  }
  /** Ends all that the user is signed in with. */
  changeUser(name: string, version: number, changes: object): Promise<UserRecord> {
    return this.#send({ method: 'PATCH', path: `/v1/users/${part(name)}`, what: 'the user', body: changes, version })
  }
  async signOutUser(name: string, key: string): Promise<void> {
    await this.#send({ method: 'POST', path: `/v1/users/${part(name)}/sign-out`, what: 'the user', body: {}, key })
  }

  devices(): Promise<readonly DeviceRecord[]> {
    return this.#all('/v1/devices', 'the devices')
  }
  device(id: string): Promise<DeviceRecord> {
    return this.#read(`/v1/devices/${part(id)}`, 'the device')
  }
  /** The key is told to the first answer alone. */
  addDevice(device: object, key: string): Promise<DeviceRecord & { readonly key: string | null }> {
    return this.#send({ method: 'POST', path: '/v1/devices', what: 'the device', body: device, key })
  }
  changeDevice(id: string, version: number, changes: object): Promise<DeviceRecord> {
    return this.#send({ method: 'PATCH', path: `/v1/devices/${part(id)}`, what: 'the device', body: changes, version })
  }

  /** The newest first. */
  audit(search: AuditSearch = {}): Promise<OfficeItems<AuditRecord>> {
    const given = Object.entries(search).map(([name, value]) => [name, String(value)] as [string, string])
    return this.#page(`/v1/audit?${new URLSearchParams([['limit', '100'], ...given])}`, 'the audit')
  }
  /** One step of the proof, from where the one before has ended. */
  proveAudit(end: string | null): Promise<AuditProof> {
    return this.#read(`/v1/audit/proof${end === null ? '' : `?after=${part(end)}`}`, 'the proof')
  }

  async #all<T>(path: string, what: string): Promise<readonly T[]> {
    const items: T[] = []
    let cursor = ''
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const url = `${path}${path.includes('?') ? '&' : '?'}limit=${PAGE_ITEMS}${cursor}`
      const { items: some, next } = await this.#page<T>(url, what)
      items.push(...some)
      if (next === null) break
      cursor = `&after=${part(next)}`
    }
    return items
  }

  async #page<T>(path: string, what: string): Promise<OfficeItems<T>> {
    const page = await this.#read<OfficeItems<T>>(path, what)
    if (!Array.isArray(page.items))
      throw new ClientFault('bad-server-data', 'A list of the engine has the wrong shape.')
    return page
  }

  async #read<T extends object>(path: string, what: string): Promise<T> {
    const asked = await this.#ask({ method: 'GET', path, what })
    if (!asked.ok) throw new ReadRefused(asked.refusal)
    return shownAs<T>(asked.answer)
  }

  async #send<T extends object>(sent: Sent): Promise<T> {
    const asked = await this.#ask(sent)
    if (!asked.ok) throw new ChangeRefused(asked.refusal)
    return shownAs<T>(asked.answer ?? {})
  }

  async #ask({ version, key, ...request }: Sent) {
    const token = typeof this.#token === 'function' ? await this.#token() : this.#token
    const headers = {
      ...(version === undefined ? {} : { 'If-Match': `"${version}"` }),
      ...(key === undefined ? {} : { 'Idempotency-Key': key }),
    }
    return this.#door.ask({ ...request, token, headers })
  }
}

const part = (id: string): string => encodeURIComponent(id)

/** A newer engine may tell more. */
function shownAs<T extends object>(answer: unknown): T {
  if (!isObject(answer)) throw new ClientFault('bad-server-data', 'An answer of the engine has the wrong shape.')
  return answer as T
}
