/** A disk of a few megabytes, to be full of: a tmpfs, which only root may mount. */
import { execFile } from 'node:child_process'
import { chown, mkdir, open, readFile, rm, rmdir, statfs } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const CHUNK = Buffer.alloc(256 * 1_024)

export class SmallDisk {
  readonly dir: string

  private constructor(dir: string) {
    this.dir = dir
  }

  /** Errors: Error of `mount` where that is not permitted. */
  static async mount(dir: string, megabytes: number, owner: { uid: number; gid: number }): Promise<SmallDisk> {
    await mkdir(dir, { recursive: true, mode: 0o755 })
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', dir])
    await chown(dir, owner.uid, owner.gid)
    return new SmallDisk(dir)
  }

  /** Writes until there is no room at all. */
  async fill(): Promise<void> {
    const file = await open(this.#filler, 'w')
    try {
      for (;;) await file.write(CHUNK)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    } finally {
      await file.close()
    }
  }

  async free(): Promise<void> {
    await rm(this.#filler, { force: true })
  }

  async bytesFree(): Promise<number> {
    const { bavail, bsize } = await statfs(this.dir)
    return bavail * bsize
  }

  async unmount(): Promise<void> {
    await run('umount', [this.dir]).catch(() => run('umount', ['-l', this.dir]))
    await rmdir(this.dir).catch(() => undefined)
  }

  get #filler(): string {
    return path.join(this.dir, 'filler')
  }
}

/** Unmounts whatever a run that was ended left mounted below its directory. */
export async function unmountBelow(dir: string): Promise<void> {
  const mounts = await readFile('/proc/mounts', 'utf8').catch(() => '')
  for (const line of mounts.split('\n')) {
    const [, at] = line.split(' ')
    if (at?.startsWith(`${dir}/`)) await run('umount', ['-l', at]).catch(() => undefined)
  }
}

/** Null where a tmpfs can be mounted, else why not. */
export async function whyNoSmallDisk(dir: string): Promise<string | null> {
  if (process.geteuid?.() !== 0) return 'only root may mount the small disk'
  try {
    const disk = await SmallDisk.mount(path.join(dir, 'trial-disk'), 1, { uid: 0, gid: 0 })
    await disk.unmount()
    return null
  } catch (error) {
    return `mount is not permitted here (${(error as Error).message.split('\n')[0]})`
  }
}
