/** Whom a password lets in: at the pace of the throttle, and so that nobody learns which names exist. */
import { networksOf } from '../base/ip-address.ts'
import type { Refusal } from '../base/refusal.ts'
import type { Result } from '../base/result.ts'
import type { Database } from '../store/postgres/database.ts'
import type { LoginThrottle } from './login-throttle.ts'
import type { PasswordHasher } from './passwords.ts'
import { nameKey, USER_NAME, type User, UserStore } from './tables/user-table.ts'

/** One answer for every reason, so that nobody learns which names exist or are disabled. */
export const CREDENTIALS_WRONG: Refusal = {
  code: 'credentials-wrong',
  message: 'User and password do not fit together, or the user may not sign in; check both, or ask an administrator.',
}

export class PasswordDoor {
  readonly #database: Database
  readonly #passwords: PasswordHasher
  readonly #throttle: LoginThrottle

  constructor(database: Database, passwords: PasswordHasher, throttle: LoginThrottle) {
    this.#database = database
    this.#passwords = passwords
    this.#throttle = throttle
  }

  /** The user whose password this is. Every other case takes as long and looks the same. */
  async userOf(userName: string, password: string, address: string, device: string | null): Promise<Result<User>> {
    const admitted = this.#throttle.admit(nameKey(userName), address, device)
    if (!admitted.ok) return admitted
    const attempt = admitted.value
    try {
      const user = await this.find(userName)
      // Hashes may have been made at several costs, and a name that nobody has must not stand out by another one.
      const like = await new UserStore(this.#database).hashNear(userName)
      const lane = attempt.isKnown ? 'known' : { network: networksOf(address).at(-1)!.key }
      const checked = await this.#passwords.check(password, user?.passwordHash ?? null, lane, like)
      if (!checked.ok) return checked
      if (user === undefined || user.disabled || !checked.value.fits) {
        attempt.failed()
        return { ok: false, refusal: CREDENTIALS_WRONG }
      }
      attempt.succeeded()
      return { ok: true, value: checked.value.outdated ? await this.#rehashed(user, password) : user }
    } finally {
      // Where it was decided above, this does nothing.
      attempt.abandoned()
    }
  }

  /** A hash made at a lower cost than is configured now is made anew, while the password is at hand. */
  async #rehashed(user: User, password: string): Promise<User> {
    const hash = await this.#passwords.hash(password)
    if (!hash.ok) return user
    await new UserStore(this.#database).rehash(user.name, user.passwordHash, hash.value)
    return { ...user, passwordHash: hash.value }
  }

  /** Undefined for what is no name, too: it costs no query. */
  async find(userName: string): Promise<User | undefined> {
    return USER_NAME.test(userName) ? new UserStore(this.#database).find(userName) : undefined
  }
}
