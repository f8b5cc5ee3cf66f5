/** `goldenhour status` asks an engine where that one listens, and not where this environment would. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { noteRunning } from '../../src/process/run-file.ts'
import { makeCertificate } from '../support/certificate.ts'
import { runProcess } from '../support/command-line.ts'

/** Answers as an engine that speaks TLS. Output: its port. */
async function engineOverTls(t: TestContext): Promise<number> {
  const server = createServer(makeCertificate('one'), ({ url }, answer) => {
    if (url === '/readyz') answer.end('{"status":"ready"}')
    else answer.writeHead(404).end('{"type":"urn:goldenhour:error:no-such-route"}')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return (server.address() as { port: number }).port
}

test('an engine over TLS is ready to a command whose environment says nothing of TLS: its note says where it is', async t => {
  const dir = mkdtempSync(path.join(tmpdir(), 'goldenhour-status-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const port = await engineOverTls(t)
  const address = `https://127.0.0.1:${port}/`
  t.after(noteRunning(dir, { port, address }))
  const seen = await runProcess(['status'], { env: { GOLDENHOUR_DATA_DIR: dir } })
  assert.deepEqual(seen, { code: 0, stdout: `${address} (process ${process.pid}) is ready\n`, stderr: '' })
})

test('so it is where the port alone tells of it', async t => {
  const port = await engineOverTls(t)
  const env = { DATABASE_URL: 'postgres://127.0.0.1:1/none', PORT: String(port), GOLDENHOUR_HOST: '127.0.0.1' }
  const { code, stdout } = await runProcess(['status', '--json'], { env })
  const { pid, ...rest } = JSON.parse(stdout)
  assert.deepEqual([code, rest], [0, { port, address: `https://127.0.0.1:${port}/`, status: 'ready' }])
  if (process.platform === 'linux') assert.equal(pid, process.pid)
})
