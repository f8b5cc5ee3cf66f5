/**
 * A person's sign-in: user and password once, then tokens that keep themselves fresh.
 *
 * An access token lives for minutes; shortly before its end the refresh token gets the next one, and is itself replaced
 * by that. One refresh is under way at a time, whoever asks; one whose answer was lost is repeated with the same refresh
 * token, which the server takes again as long as its successor has not been used. Nothing is stored here: `onTokens`
 * gets each new pair, and `resumeSignIn` goes on from a stored one.
 */
import { isRetryable } from './command-queue.ts'
import { ClientFault, SignInRefused } from './errors.ts'
import { HttpDoor, type HttpDoorSettings, isObject } from './http-door.ts'
import { type FullTimers, fullTimers } from './timing.ts'

export interface SignedInUser {
  readonly name: string
  readonly role: string
  readonly regions: readonly string[]
  /** The unit that a driver signed in for; null for all others. */
  readonly unit: string | null
}

/** What a sign-in holds now; moments are wall time. The refresh token is worth a password: keep it as carefully. */
export interface SignInTokens {
  readonly accessToken: string
  readonly accessExpiresAtMs: number
  readonly refreshToken: string
  readonly refreshExpiresAtMs: number
  readonly user: SignedInUser
  /**
   * By this the device is known at the user's next sign-in, where strangers' guesses then do not keep the user waiting.
   * It opens nothing, and is worth keeping when the sign-in has ended. Null from an engine that gives none.
   */
  readonly deviceMark: string | null
}

interface SignInSettings extends HttpDoorSettings {
  /** Called with each new pair, and with null when the sign-in has ended. */
  readonly onTokens?: (tokens: SignInTokens | null) => void
}
export interface SignInOptions extends SignInSettings {
  readonly user: string
  readonly password: string
  readonly region?: string
  /** Which unit a driver is on. */
  readonly unit?: string
  /** What an earlier sign-in of this user on this device gave. */
  readonly deviceMark?: string
}
export interface GuestOptions extends SignInSettings {
  readonly ticket: string
}
export interface ResumeOptions extends SignInSettings {
  readonly tokens: SignInTokens
}

/** Errors: rejects with SignInRefused, and with ClientFault when the engine cannot be reached. */
export async function signIn(options: SignInOptions): Promise<SignIn> {
  const { user, password, region, unit, deviceMark } = options
  const api = new AuthApi(options)
  const tokens = await api.tokens('login', { user, password, region, unit, deviceMark })
  options.onTokens?.(tokens)
  return new SignIn(api, options, tokens)
}

/** Lets the guest of a demo in by the ticket of the address that the demo has printed; it is good once. Errors: as `signIn`. */
export async function enterAsGuest(options: GuestOptions): Promise<SignIn> {
  const api = new AuthApi(options)
  const tokens = await api.tokens('guest', { ticket: options.ticket })
  options.onTokens?.(tokens)
  return new SignIn(api, options, tokens)
}

/** Goes on from tokens that `onTokens` gave. The first `token()` finds out whether they are still good. */
export function resumeSignIn(options: ResumeOptions): SignIn {
  return new SignIn(new AuthApi(options), options, options.tokens)
}

/** The access token is replaced when less than this is left of it, or a fifth of its life if that is shorter. */
const MARGIN_MS = 60_000

export class SignIn {
  readonly #api: AuthApi
  readonly #timers: FullTimers
  readonly #onTokens: SignInSettings['onTokens']
  #tokens: SignInTokens | null = null
  /** What the access token had left when it came, and when that was by the monotonic clock. */
  #lifetimeMs = 0
  #heldSinceMs = 0
  #refreshing: Promise<string> | null = null
  #refusal: SignInRefused | null = null

  constructor(api: AuthApi, settings: SignInSettings, tokens: SignInTokens) {
    this.#api = api
    this.#timers = fullTimers(settings.timers)
    this.#onTokens = settings.onTokens
    this.#hold(tokens)
  }

  /** Null when the sign-in has ended. */
  get user(): SignedInUser | null {
    return this.#tokens?.user ?? null
  }

  /**
   * A token that is good for a while: give `() => signedIn.token()` to `connect`. Errors: rejects with SignInRefused when
   * the sign-in has ended, and with ClientFault when a new token is needed and the engine cannot be reached.
   */
  readonly token = async (): Promise<string> => {
    const tokens = this.#live()
    if (this.#leftMs(tokens) > Math.min(MARGIN_MS, this.#lifetimeMs / 5)) return tokens.accessToken
    try {
      return await this.refresh()
    } catch (error) {
      // Not yet at its end: better than to keep a crew waiting for a service that is away.
      if (error instanceof ClientFault && this.#leftMs(tokens) > 0) return tokens.accessToken
      throw error
    }
  }

  /** Gets a new pair now; all who ask meanwhile get the same. Errors: as `token`. */
  refresh(): Promise<string> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null
    })
    return this.#refreshing
  }

  /**
   * Ends the sign-in, here and at the server, with all sessions that came of it. Errors: rejects with ClientFault when the
   * server could not be told; its side then ends with the refresh token's age.
   */
  async signOut(): Promise<void> {
    if (this.#tokens === null) return
    try {
      const token = await this.token()
      this.#end(signedOut())
      await this.#api.call('logout', undefined, token)
    } catch (error) {
      this.#end(signedOut())
      // What the server does not know any more has ended there already.
      if (!(error instanceof SignInRefused) || isRetryable(error.code)) throw error
    }
  }

  async #refresh(): Promise<string> {
    const { refreshToken, deviceMark } = this.#live()
    let tokens: SignInTokens
    try {
      tokens = { ...(await this.#api.tokens('refresh', { refreshToken })), deviceMark }
    } catch (error) {
      if (error instanceof SignInRefused && !isRetryable(error.code)) this.#end(error)
      throw error
    }
    // Signed out meanwhile: what came is not wanted any more.
    this.#live()
    this.#hold(tokens)
    this.#onTokens?.(tokens)
    return tokens.accessToken
  }

  #hold(tokens: SignInTokens): void {
    this.#tokens = tokens
    this.#lifetimeMs = tokens.accessExpiresAtMs - this.#timers.now()
    this.#heldSinceMs = this.#timers.monotonicMs()
  }

  /** What is left of the access token by the clock that has gone on further: one is set back, the other stops in a sleep. */
  #leftMs({ accessExpiresAtMs }: SignInTokens): number {
    const agedMs = this.#timers.monotonicMs() - this.#heldSinceMs
    return Math.min(accessExpiresAtMs - this.#timers.now(), this.#lifetimeMs - agedMs)
  }

  #live(): SignInTokens {
    if (this.#tokens === null) throw this.#refusal
    return this.#tokens
  }

  #end(refusal: SignInRefused): void {
    if (this.#tokens === null) return
    this.#tokens = null
    this.#refusal = refusal
    this.#onTokens?.(null)
  }
}

const signedOut = () =>
  new SignInRefused({ code: 'refresh-refused', message: 'Signed out; sign in again.', details: null })

/** The engine's routes for signing in. */
class AuthApi {
  readonly #door: HttpDoor

  /** Errors: throws TypeError for what is no URL. */
  constructor(settings: SignInSettings) {
    this.#door = new HttpDoor(settings)
  }

  async tokens(route: 'login' | 'guest' | 'refresh', body: object): Promise<SignInTokens> {
    // Counted from before the request, so that a slow answer makes tokens seem older, never younger.
    const askedAtMs = this.#door.timers.now()
    const answer = await this.call(route, body)
    if (!isTokenAnswer(answer)) throw new ClientFault('bad-server-data', `The answer to ${route} has the wrong shape.`)
    const { accessToken, accessExpiresInS, refreshToken, refreshExpiresInS, user } = answer
    return {
      accessToken,
      accessExpiresAtMs: askedAtMs + accessExpiresInS * 1_000,
      refreshToken,
      refreshExpiresAtMs: askedAtMs + refreshExpiresInS * 1_000,
      user,
      deviceMark: answer.deviceMark ?? null,
    }
  }

  /** Output: the body of the answer; null when it has none. */
  async call(route: string, body: object | undefined, token?: string): Promise<unknown> {
    const asked = await this.#door.ask({
      method: 'POST',
      path: `/v1/auth/${route}`,
      what: route,
      ...(body === undefined ? {} : { body }),
      ...(token === undefined ? {} : { token }),
    })
    if (!asked.ok) throw new SignInRefused(asked.refusal)
    return asked.answer
  }
}

interface TokenAnswer {
  readonly accessToken: string
  readonly accessExpiresInS: number
  readonly refreshToken: string
  readonly refreshExpiresInS: number
  /** Of a sign-in; not of a refresh. */
  readonly deviceMark?: string
  readonly user: SignedInUser
}

function isTokenAnswer(answer: unknown): answer is TokenAnswer {
  return (
    isObject(answer) &&
    [answer.accessToken, answer.refreshToken].every(token => typeof token === 'string') &&
    [answer.accessExpiresInS, answer.refreshExpiresInS].every(Number.isFinite) &&
    isObject(answer.user)
  )
}
