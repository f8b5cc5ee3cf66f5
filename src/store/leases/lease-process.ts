/**
 * Which process a lease is of: its incarnation names the boot, the space of process ids, the id and the moment of the start. So an
 * engine that starts on the same machine sees that the holder has ended, and need not wait until its lease has lapsed.
 *
 * Of whatever cannot be told for certain nobody says that it has ended: another machine, another container, a system that does
 * not say. Nor could a holder that is taken for dead write anything more: the fence is in every write.
 */
import { randomUUID } from 'node:crypto'
import { readlink } from 'node:fs/promises'
import { identify, isAlive } from '../embedded/processes.ts'

/** A fresh name for this run of this process. */
export async function leaseIncarnation(): Promise<string> {
  const [{ pid, startedAt, boot }, space] = await Promise.all([identify(process.pid), processSpace()])
  const isTold = startedAt !== '' && boot !== '' && space !== ''
  return isTold ? [randomUUID(), boot, space, pid, startedAt].join(' ') : randomUUID()
}

/** Whether the process of that name has ended for certain. */
export async function hasProcessEnded(incarnation: string): Promise<boolean> {
  const [, boot, space, pid, startedAt] = incarnation.split(' ')
  if (boot === undefined || startedAt === undefined || !/^\d+$/.test(pid ?? '')) return false
  const ours = await identify(process.pid)
  if (ours.boot !== boot || (await processSpace()) !== space) return false
  return !(await isAlive({ pid: Number(pid), startedAt, boot }))
}

/** What tells the processes of one container from those of another that have the same ids; empty where the system does not tell. */
const processSpace = (): Promise<string> => readlink('/proc/self/ns/pid').catch(() => '')
