/** TLS in the process: what it speaks, and how a new certificate takes over without a restart. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { type ConnectionOptions, connect } from 'node:tls'
import { CertificateUnfit, checkCertificate, type TlsFiles } from '../../src/gateway/tls.ts'
import { type MadeCertificate, makeCertificate } from '../support/certificate.ts'
import { Door } from './door.ts'

class Files implements TlsFiles {
  readonly certFile: string
  readonly keyFile: string

  constructor(t: TestContext, made: MadeCertificate) {
    const folder = mkdtempSync(path.join(tmpdir(), 'goldenhour-tls-'))
    t.after(() => rmSync(folder, { recursive: true }))
    this.certFile = path.join(folder, 'cert.pem')
    this.keyFile = path.join(folder, 'key.pem')
    this.write(made)
  }

  write({ cert, key }: MadeCertificate): void {
    writeFileSync(this.certFile, cert)
    writeFileSync(this.keyFile, key)
  }
}

/** What the server shows to a new connection, or why there is none. */
function handshake(port: number, options: ConnectionOptions = {}) {
  return new Promise<{ name: string; protocol: string | null } | { error: string }>(resolve => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }, () => {
      resolve({ name: String(socket.getPeerCertificate().subject.CN), protocol: socket.getProtocol() })
      socket.destroy()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => resolve({ error: error.code ?? error.message }))
  })
}

/** Until a new connection is shown the certificate of this name; looked at all the time, or the test runs out of it. */
async function untilShown(port: number, name: string): Promise<void> {
  for (;;) {
    const shown = await handshake(port)
    if ('name' in shown && shown.name === name) return
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

test('the certificates made for these tests are whole', () => {
  const { cert } = makeCertificate('one')
  const certificate = new X509Certificate(cert)
  assert.equal(certificate.subject, 'CN=one')
  assert.ok(certificate.verify(certificate.publicKey))
  assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1')
})

test('https and wss are spoken on the one port, by a client that checks the certificate', async t => {
  const made = makeCertificate('one')
  const door = await Door.start(t, { tls: new Files(t, made) })
  const answer = await door.request('/healthz')
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['strict-transport-security'], 'max-age=31536000')
  const client = await door.signIn('person-1', 'dispatcher', { ca: made.cert, rejectUnauthorized: true })
  client.send(['watch-board', 'q1', null])
  assert.equal((await client.next())[0], 'reply')
  // Our own pages come by https here.
  const origin = `https://127.0.0.1:${door.gateway.port}`
  assert.equal((await door.connect({ origin })).socket.readyState, 1)
  assert.equal((await door.refusedUpgrade({ origin: origin.replace('https', 'http') })).code, 'wrong-origin')
})

test('TLS 1.2 and 1.3 are spoken and nothing older, with forward secrecy and authenticated encryption only', async t => {
  const door = await Door.start(t, { tls: new Files(t, makeCertificate('one')) })
  const { port } = door.gateway
  const old = { ciphers: 'DEFAULT@SECLEVEL=0', minVersion: 'TLSv1' } as const
  assert.deepEqual(await handshake(port), { name: 'one', protocol: 'TLSv1.3' })
  assert.deepEqual(await handshake(port, { maxVersion: 'TLSv1.2' }), { name: 'one', protocol: 'TLSv1.2' })
  for (const maxVersion of ['TLSv1', 'TLSv1.1'] as const) {
    assert.deepEqual(await handshake(port, { ...old, maxVersion }), { error: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' })
  }
  for (const ciphers of ['ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384', 'AES128-SHA', 'AES128-GCM-SHA256']) {
    const shown = await handshake(port, { maxVersion: 'TLSv1.2', ciphers: `${ciphers}:@SECLEVEL=0` })
    assert.match('error' in shown ? shown.error : shown.name, /HANDSHAKE_FAILURE/, ciphers)
  }
})

test('plain HTTP to the port is not answered, and disturbs nobody', async t => {
  const door = await Door.start(t, { tls: new Files(t, makeCertificate('one')) })
  const { Socket } = await import('node:net')
  const socket = new Socket().connect(door.gateway.port, '127.0.0.1')
  const heard: Buffer[] = []
  socket.on('data', chunk => heard.push(chunk))
  socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n')
  await new Promise(resolve => socket.on('close', resolve))
  assert.ok(!Buffer.concat(heard).includes('HTTP/1.1'))
  assert.equal((await door.request('/healthz')).status, 200)
})

test('a new certificate in the files is shown to new connections, while old ones go on', async t => {
  const files = new Files(t, makeCertificate('one'))
  const door = await Door.start(t, { tls: files })
  const { port } = door.gateway
  const old = await door.signIn('person-1')
  assert.deepEqual(await handshake(port), { name: 'one', protocol: 'TLSv1.3' })
  files.write(makeCertificate('two'))
  await untilShown(port, 'two')
  const fresh = await door.signIn('person-2')
  for (const client of [old, fresh]) {
    client.send(['watch-board', 'q1', null])
    assert.equal((await client.next())[0], 'reply')
  }
  assert.equal(door.gateway.sessions, 2)
  assert.equal(await door.sample('goldenhour_certificate_loads_total{outcome="taken"}'), 1)
  // At once, when asked to.
  files.write(makeCertificate('three'))
  process.kill(process.pid, 'SIGHUP')
  await untilShown(port, 'three')
})

test('files that cannot be used are counted, and the certificate in use stays until they can', async t => {
  const files = new Files(t, makeCertificate('one'))
  const door = await Door.start(t, { tls: files })
  const { port } = door.gateway
  const other = makeCertificate('other')
  let refused = 0
  for (const bad of [
    { cert: 'nonsense', key: other.key },
    { cert: other.cert, key: makeCertificate('third').key },
    { cert: other.cert, key: '' },
    makeCertificate('expired', { goodForS: -60 }),
  ]) {
    files.write(bad)
    process.kill(process.pid, 'SIGHUP')
    refused += 1
    while ((await door.sample('goldenhour_certificate_loads_total{outcome="refused"}')) < refused) {
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    assert.deepEqual(await handshake(port), { name: 'one', protocol: 'TLSv1.3' })
  }
  files.write(other)
  process.kill(process.pid, 'SIGHUP')
  await untilShown(port, 'other')
})

test('a gateway does not start with a certificate that cannot be used, and says which file', async t => {
  const files = new Files(t, makeCertificate('one'))
  const missing = { ...files, keyFile: path.join(tmpdir(), 'goldenhour-no-such-key.pem') }
  assert.throws(() => checkCertificate(missing), {
    name: 'CertificateUnfit',
    message: /no-such-key\.pem cannot be read/,
  })
  await assert.rejects(Door.start(t, { tls: missing }), CertificateUnfit)
  files.write({ cert: makeCertificate('one').cert, key: makeCertificate('two').key })
  await assert.rejects(Door.start(t, { tls: files }), CertificateUnfit)
})

test('the port with TLS is taken exclusively too, and free again after the close', async t => {
  const files = new Files(t, makeCertificate('one'))
  const door = await Door.start(t, { tls: files })
  const { port } = door.gateway
  await assert.rejects(Door.start(t, { tls: files, port }), { name: 'PortTaken' })
  await assert.rejects(Door.start(t, { port }), { name: 'PortTaken' })
  await door.gateway.close()
  const again = await Door.start(t, { tls: files, port })
  assert.equal(again.gateway.port, port)
})

test('a handshake that does not come to its end is cut', { timeout: 120_000 }, async t => {
  const door = await Door.start(t, { tls: new Files(t, makeCertificate('one')) })
  const { Socket } = await import('node:net')
  const sockets = [Buffer.alloc(0), Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])].map(bytes => {
    const socket = new Socket().connect(door.gateway.port, '127.0.0.1')
    socket.resume().write(bytes)
    return socket
  })
  await Promise.all(sockets.map(socket => new Promise(resolve => socket.on('close', resolve))))
  assert.equal((await door.request('/healthz')).status, 200)
})
