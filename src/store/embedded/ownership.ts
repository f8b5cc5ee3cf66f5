/**
 * Whether what lies in the data directory is ours alone. Who else may write there could have put a password of their own,
 * or programs, before our first start, and so be the superuser of our database.
 *
 * Root is trusted as everywhere, and so is a group that the directory is open to, with a warning: the volumes of some
 * container platforms come so. Systems without owners and modes are not asked.
 */
import { chmod, lstat, stat } from 'node:fs/promises'
import { DatabaseSetupError } from '../postgres/database.ts'

const BY_OTHERS_WRITABLE = 0o002
const BY_GROUP_WRITABLE = 0o020
const BY_ANYBODY_ELSE_READABLE = 0o044

/** Errors: DatabaseSetupError `data-directory-unsafe`; those of the file system. */
export async function requireOwnDirectory(dir: string, warn: (message: string) => void): Promise<void> {
  const ourUid = process.geteuid?.()
  if (ourUid === undefined) return
  const { uid, mode } = await stat(dir)
  if (uid !== ourUid && uid !== 0) {
    throw unsafe(
      `The data directory ${dir} belongs to the user with the id ${uid}, who may put anything there; run Goldenhour as that user, or "chown -R ${ourUid} ${dir}" if you know all that is in it.`,
    )
  }
  if ((mode & BY_OTHERS_WRITABLE) !== 0) {
    throw unsafe(
      `Everybody may write into the data directory ${dir}; look at what is in it and run "chmod o-w ${dir}".`,
    )
  }
  if ((mode & BY_GROUP_WRITABLE) !== 0) {
    warn(
      `the group of the data directory ${dir} may write into it; run "chmod g-w ${dir}" unless all of them may do all`,
    )
  }
}

/** As `requireOwnDirectory`, of a file with a secret; one that others could only read is closed to them. */
export async function requireOwnSecret(file: string, warn: (message: string) => void): Promise<void> {
  const ourUid = process.geteuid?.()
  if (ourUid === undefined) return
  const info = await lstat(file)
  if (!info.isFile() || info.uid !== ourUid || (info.mode & (BY_OTHERS_WRITABLE | BY_GROUP_WRITABLE)) !== 0) {
    throw unsafe(
      `${file} is no file that only the user with the id ${ourUid} may write, so it may be another's password; if you know that it is ours, run "chown ${ourUid} ${file}" and "chmod 600 ${file}".`,
    )
  }
  if ((info.mode & BY_ANYBODY_ELSE_READABLE) === 0) return
  await chmod(file, 0o600)
  warn(`${file} could be read by others until now; whoever did so can log into the database on this machine`)
}

const unsafe = (message: string): DatabaseSetupError => new DatabaseSetupError('data-directory-unsafe', message)
