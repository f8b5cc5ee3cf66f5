/** The made-up service of a run, over HTTP as an admin makes it: a region, a unit, a driver, a device, a desk. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

const ATTEMPTS_MAX = 30

export interface World {
  readonly region: string
  readonly unitId: string
  readonly user: string
  readonly password: string
  readonly deviceKey: string
  /** Of the kit's own desk. */
  readonly deskToken: string
  readonly adminToken: string
}

export const PLACE = { lonE7: 1_747_633_000, latE7: -368_485_000 }

export class Http {
  readonly #origin: string

  constructor(port: number) {
    this.#origin = `http://127.0.0.1:${port}`
  }

  /** Errors: throws with what the engine said when the answer is no success. */
  async ask(method: string, path: string, token: string | null, body?: object): Promise<Record<string, unknown>> {
    const headers: Record<string, string> = { connection: 'close' }
    if (token !== null) headers.authorization = `Bearer ${token}`
    if (body !== undefined)
      Object.assign(headers, { 'content-type': 'application/json', 'idempotency-key': randomUUID() })
    const answer = await this.#answered(path, { method, headers, body: JSON.stringify(body) })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}: ${text}`)
    return text === '' ? {} : JSON.parse(text)
  }

  /** The same again after the time that the engine asks for, as one who signs in often must. */
  async #answered(path: string, asked: RequestInit): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      const answer = await fetch(`${this.#origin}${path}`, asked)
      const retryAfterS = Number(answer.headers.get('retry-after') ?? 0)
      if (answer.ok || retryAfterS === 0 || attempt === ATTEMPTS_MAX) return answer
      await sleep(retryAfterS * 1_000)
    }
  }

  async signIn(user: string, password: string): Promise<string> {
    const { accessToken } = await this.ask('POST', '/v1/auth/login', null, { user, password })
    return accessToken as string
  }
}

/** Errors: those of `Http`. */
export async function makeWorld(http: Http, adminPassword: string, region = 'kit'): Promise<World> {
  const adminToken = await http.signIn('admin', adminPassword)
  const make = (path: string, body: object) => http.ask('POST', path, adminToken, body)
  const unitId = 'A-7'
  const password = randomUUID()
  const [user, desk] = [`crew-${region}`, `desk-${region}`]
  await make('/v1/regions', { region, name: 'Conformance kit', dispatchMode: 'offered' })
  await make(`/v1/units?region=${region}`, { unitId, callSign: 'Alpha 7', levelOfCare: 'als' })
  await make('/v1/users', { name: user, role: 'driver', regions: [region], units: [unitId], password })
  await make('/v1/users', { name: desk, role: 'dispatcher', regions: [region], password })
  const { key } = await make('/v1/devices', { name: 'tablet', role: 'driver', region, unit: unitId })
  const deskToken = await http.signIn(desk, password)
  return { region, unitId, user, password, deviceKey: key as string, deskToken, adminToken }
}
