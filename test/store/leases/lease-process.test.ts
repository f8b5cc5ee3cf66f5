/** Who may be called dead: a process of this machine and of our own space of ids that has ended, and nobody else. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { readStat } from '../../../src/base/process-stat.ts'
import { hasProcessEnded, leaseIncarnation } from '../../../src/store/leases/lease-process.ts'

const IS_TOLD = existsSync('/proc/self/ns/pid')

/** The words of an incarnation: a name, the boot, the space of ids, the id, the moment of the start. */
const ours = async () => (await leaseIncarnation()).split(' ')

describe('of a lease', { skip: IS_TOLD ? false : 'this system does not tell of its processes' }, () => {
  test('our own process lives', async () => {
    assert.equal(await hasProcessEnded(await leaseIncarnation()), false)
    assert.notEqual(await leaseIncarnation(), await leaseIncarnation(), 'each run has a name of its own')
  })

  test('one that was killed has ended, and so has one whose id another process has by now', async () => {
    const child = spawn('sleep', ['600'], { stdio: 'ignore' })
    await once(child, 'spawn')
    const { startedAt } = readStat(await readFile(`/proc/${child.pid}/stat`, 'utf8'))
    const [name, boot, space] = await ours()
    const incarnation = [name, boot, space, child.pid, startedAt].join(' ')
    assert.equal(await hasProcessEnded(incarnation), false, 'it lives')
    child.kill('SIGSTOP')
    assert.equal(await hasProcessEnded(incarnation), false, 'who stands still lives')
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    assert.equal(await hasProcessEnded(incarnation), true)
    const former = [name, boot, space, process.pid, '1'].join(' ')
    assert.equal(await hasProcessEnded(former), true)
  })

  test('of another boot, another container, and of what we cannot read, nobody says that it has ended', async () => {
    const [name, boot, space] = await ours()
    const gone = [2 ** 22 + 1, '1']
    for (const words of [
      [name, 'another-boot', space, ...gone],
      [name, boot, 'pid:[1]', ...gone],
      [name, boot, space, 'x', '1'],
      [name, boot, space, ...gone.slice(0, 1)],
      [name],
    ])
      assert.equal(await hasProcessEnded(words.join(' ')), false, words.join(' '))
    assert.equal(await hasProcessEnded([name, boot, space, ...gone].join(' ')), true, 'the same with all words right')
  })
})
