/**
 * Who uses the server: a file for each handle, named by the process that holds it, so that a killed process leaves no
 * mark that counts. A process that is stopped (SIGSTOP), or between two connections, uses it all the same.
 *
 * The last to leave stops the server, and nobody may join meanwhile. A joiner makes its mark first and then looks for
 * leavers; a leaver says that it leaves first and then looks for marks: at least one of two sees the other. A leaver that
 * sees a mark goes without stopping anything; a joiner that sees a leaver waits until it has gone.
 */
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readdir, rename, unlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { identify, isAlive, type ProcessIdentity } from './processes.ts'

/** Longer than a server takes to end. A leaver that hangs must not hang the joiner, who restarts what goes down. */
const LEAVER_LIMIT_MS = 20_000
const LEAVING = '.leaving'
const MARK = /^(\d+)_(\d*)_([0-9a-f]*)_[0-9a-f]{16}(\.leaving)?$/

interface Mark {
  readonly name: string
  readonly isLeaving: boolean
}

/** The mark of one user. Kept up by `keep`, because an operator may have cleared the directory. */
export class UseMark {
  readonly #dir: string
  readonly #name: string

  /** Marks the use; waits for those who are leaving. Errors: those of the file system. */
  static async make(baseDir: string): Promise<UseMark> {
    const dir = path.join(baseDir, 'users')
    await mkdir(dir, { recursive: true, mode: 0o700 })
    await chmod(dir, 0o700)
    const { pid, startedAt, boot } = await identify(process.pid)
    const mark = new UseMark(dir, `${pid}_${startedAt}_${boot}_${randomBytes(8).toString('hex')}`)
    await mark.keep()
    await mark.#leaversGone()
    return mark
  }

  private constructor(dir: string, name: string) {
    this.#dir = dir
    this.#name = name
  }

  /** Makes the mark again if it has gone. Empty, so that a full disk has room for it. */
  async keep(): Promise<void> {
    await writeFile(path.join(this.#dir, this.#name), '', { mode: 0o600, flag: 'a' })
  }

  /** Whether somebody else uses the server and does not leave. Marks of dead processes are removed on the way. */
  async hasOthers(): Promise<boolean> {
    const marks = await this.#othersAlive()
    return marks.some(({ isLeaving }) => !isLeaving)
  }

  /**
   * Runs `stopServer` while joiners wait, told whether somebody else uses the server; then the mark is gone.
   * Errors: those of `stopServer`.
   */
  async leave(stopServer: (isUsed: boolean) => Promise<void>): Promise<void> {
    const leaving = path.join(this.#dir, `${this.#name}${LEAVING}`)
    await rename(path.join(this.#dir, this.#name), leaving).catch(async error => {
      if (error.code !== 'ENOENT') throw error
      await writeFile(leaving, '', { mode: 0o600 })
    })
    try {
      await stopServer(await this.hasOthers())
    } finally {
      await unlink(leaving).catch(() => undefined)
    }
  }

  async #leaversGone(): Promise<void> {
    for (const giveUpAtMs = performance.now() + LEAVER_LIMIT_MS; performance.now() < giveUpAtMs; await sleep(50)) {
      const marks = await this.#othersAlive()
      if (!marks.some(({ isLeaving }) => isLeaving)) return
    }
  }

  async #othersAlive(): Promise<Mark[]> {
    const alive: Mark[] = []
    for (const name of await readdir(this.#dir).catch(() => [])) {
      const [, pid, startedAt, boot, leaving] = MARK.exec(name) ?? []
      if (pid === undefined || name === this.#name || name === `${this.#name}${LEAVING}`) continue
      const identity: ProcessIdentity = { pid: Number(pid), startedAt: startedAt!, boot: boot! }
      if (await isAlive(identity)) alive.push({ name, isLeaving: leaving !== undefined })
      // Its process never comes back, so nobody makes this name again.
      else await unlink(path.join(this.#dir, name)).catch(() => undefined)
    }
    return alive
  }
}
