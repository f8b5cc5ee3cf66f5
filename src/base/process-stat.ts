/** What the system tells of a process by its number: whether it is there, and the line of /proc/PID/stat. */

/** Whether some process has this number, ours to signal or not; one that has ended and whose parent has not asked has, too. */
export function hasProcess(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Input: the text of /proc/PID/stat. `startedAt` is in ticks since the boot, empty where it is not told. */
export function readStat(stat: string): { readonly isZombie: boolean; readonly startedAt: string } {
  // The name of the program stands in brackets and may hold anything, brackets too; the state is the next field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { isZombie: fields[0] === 'Z' || fields[0] === 'X', startedAt: fields[19] ?? '' }
}
