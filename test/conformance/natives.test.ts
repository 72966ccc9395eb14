/** The engine contract on what comes with the platform: `cbmeta`, `crypto`, `jsutil`, and what is not built and says so. */
import assert from 'node:assert/strict'
import { createHash, createHmac, createPrivateKey, createPublicKey, verify, X509Certificate } from 'node:crypto'
import { after, test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { createTestApp } from '../support/app.ts'
import { openStage, results } from './stage.ts'

const app = await createTestApp({ after })
const { run, runCode, system } = await openStage(app)
const modern = { engine_type: 1 }

test('62: cbmeta.platform_url has no scheme; ClearBlade.URI has one; edgeId() is "" on the platform', async () => {
  const answer =
    await run(`resp.success({meta: cbmeta, uri: ClearBlade.URI, edge: ClearBlade.edgeId(), isEdge: ClearBlade.isEdge(),
    version: typeof ClearBlade.about().version});`)
  const { meta, uri, edge, isEdge, version } = results(answer)
  const url = new URL(app.app.means.publicUrl())
  assert.equal(meta.platform_url, url.host)
  assert.equal(uri, url.origin)
  assert.deepEqual([edge, isEdge, version], ['', false, 'string'])
  assert.equal(meta.system_key, system.key)
  assert.equal(meta.system_secret, system.secret)
  assert.match(meta.service_name, /^service\d+$/)
  assert.equal(meta.is_edge, false)
  assert.deepEqual(meta.code_versions, { [meta.service_name]: 1 })
  for (const name of ['service_id', 'node_id']) assert.ok(meta[name].length > 0)
})

test('62: isEdge() works before any init', async () => {
  assert.equal(
    results(await runCode('var edge = ClearBlade.isEdge(); function NAME(req, resp) { resp.success(edge); }')),
    false,
  )
})

const crypto = { requires: 'crypto' }

test('crypto: hashes, also at the top level of a script, in every encoding', async () => {
  const answer = await runCode(
    `var early = crypto.createHash("sha256").update("top").digest("hex");
    function NAME(req, resp) {
      var list = ["sha1", "md5", "sha256", "sha512"].map(function (name) {
        return ["hex", "base64", "binary"].map(function (encoding) {
          var hash = crypto.createHash(name); hash.update("é"); hash.update(new Uint8Array([1, 2])); return hash.digest(encoding); }); });
      resp.success([early, list]); }`,
    crypto,
  )
  const [early, list] = results(answer)
  assert.equal(early, createHash('sha256').update('top').digest('hex'))
  for (const [i, name] of ['sha1', 'md5', 'sha256', 'sha512'].entries()) {
    const whole = createHash(name)
      .update('é')
      .update(new Uint8Array([1, 2]))
      .digest()
    assert.deepEqual(list[i], [whole.toString('hex'), whole.toString('base64'), whole.toString('latin1')])
  }
})

test('crypto: hmac, encode and decode with base64, hex and gzip', async () => {
  const answer = await run(
    `
    var bytes = function (list) { return Array.prototype.slice.call(list); };
    resp.success({
      hmac: crypto.encode("hex", crypto.hmac("data", "key", "sha256")), hmac1: bytes(crypto.hmac("data", "key", "sha1")),
      base64: crypto.encode("base64", "héllo"), hex: crypto.encode("hex", new Uint8Array([0, 255])),
      decoded: bytes(crypto.decode("base64", "AP8=")), back: bytes(crypto.decode("hex", "00ff")),
      zipped: crypto.encode("base64", crypto.encode("gzip", "zip me")),
      unzipped: bytes(crypto.decode("gzip", crypto.decode("base64", req.params.zipped)))
    });`,
    { ...crypto, params: { zipped: gzipSync('unzip me').toString('base64') } },
  )
  const value = results(answer)
  assert.equal(value.hmac, createHmac('sha256', 'key').update('data').digest('hex'))
  assert.deepEqual(value.hmac1, [...createHmac('sha1', 'key').update('data').digest()])
  assert.equal(value.base64, Buffer.from('héllo').toString('base64'))
  assert.equal(value.hex, '00ff')
  assert.deepEqual(value.decoded, [0, 255])
  assert.deepEqual(value.back, [0, 255])
  assert.equal(gunzipSync(Buffer.from(value.zipped, 'base64')).toString(), 'zip me')
  assert.equal(Buffer.from(value.unzipped).toString(), 'unzip me')
})

test('crypto: tokens signed with a secret, an RSA key and a curve', async () => {
  const answer = await runCode(
    `async function NAME(req, resp) {
    try {
      const pair = async (algorithm) => {
        const { publicKey, privateKey } = await crypto.generateKey(algorithm)
        return [await crypto.exportKey('PEM', publicKey), await crypto.exportKey('PEM', privateKey)]
      }
      const rsa = await pair({ name: 'RSA', modulusLength: 2048 })
      const curve = await pair({ name: 'ECDSA', namedCurve: 'P-256' })
      const claims = { sub: 'valve', admin: false }
      resp.success({ hs: crypto.create_jwt(claims, 'HS256', 'secret'), rs: crypto.create_jwt(claims, 'RS256', rsa[1]), es: crypto.create_jwt(claims, 'ES256', curve[1]),
        rsaPublic: rsa[0], curvePublic: curve[0] })
    } catch (e) { resp.error(e) }
  }`,
    { ...crypto, fields: modern },
  )
  const { hs, rs, es, rsaPublic, curvePublic } = results(answer)
  for (const token of [hs, rs, es]) {
    assert.deepEqual(JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString()), {
      sub: 'valve',
      admin: false,
    })
  }
  const parts = (token: string) => {
    const at = token.lastIndexOf('.')
    return [Buffer.from(token.slice(0, at)), Buffer.from(token.slice(at + 1), 'base64url')] as const
  }
  const [signed, mac] = parts(hs)
  assert.deepEqual(createHmac('sha256', 'secret').update(signed).digest(), mac)
  assert.ok(verify('sha256', parts(rs)[0], createPublicKey(rsaPublic), parts(rs)[1]))
  assert.ok(
    verify('sha256', parts(es)[0], { key: createPublicKey(curvePublic), dsaEncoding: 'ieee-p1363' }, parts(es)[1]),
  )
})

test('crypto: a certificate that signs itself, and one that it signs, are good ones', async () => {
  const answer = await runCode(
    `async function NAME(req, resp) {
      try {
        const authority = await crypto.generateKey({ name: 'ECDSA', namedCurve: 'P-256' })
        const own = await crypto.generateKey({ name: 'RSA', modulusLength: 2048 })
        const dates = { startDateUnix: 1700000000, expiryDateUnix: 3000000000 }
        const rootName = { CommonName: 'Plant', Country: ['AT'], Organization: ['Wörks', 'Two'] }
        const root = await crypto.generateX509Certificate(authority.publicKey, authority.privateKey, null, { ...dates, subject: rootName })
        const read = await crypto.importKey('PEM', await crypto.exportKey('PEM', root))
        const leaf = await crypto.generateX509Certificate(own.publicKey, authority.privateKey, read, { subject: { CommonName: 'valve 7' } })
        const refused = []
        for (const attempt of [
          () => crypto.generateX509Certificate(own.publicKey, own.privateKey, root, { subject: { CommonName: 'x' } }),
          () => crypto.generateX509Certificate(own.publicKey, own.privateKey, null, { subject: { Emperor: 'x' } }),
          () => crypto.generateX509Certificate(own.publicKey, own.privateKey, null, { subject: {}, startDateUnix: 2, expiryDateUnix: 1 }),
          () => crypto.generateX509Certificate(own.publicKey, crypto.PlatformMtlsPrivateKey, null, { subject: {} }),
          () => crypto.generateX509Certificate({}, own.privateKey, null, { subject: {} }),
        ]) refused.push(await attempt().then(() => 'made', (problem) => typeof problem.message))
        resp.success({ root: await crypto.exportKey('PEM', root), leaf: await crypto.exportKey('PEM', leaf), refused,
          key: await crypto.exportKey('PEM', own.privateKey) })
      } catch (e) { resp.error(e) }
    }`,
    { ...crypto, fields: modern },
  )
  const { root, leaf, key, refused } = results(answer)
  const authority = new X509Certificate(root)
  const certificate = new X509Certificate(leaf)
  assert.deepEqual(authority.subject.split('\n').sort(), ['C=AT', 'CN=Plant', 'O=Two', 'O=Wörks'])
  assert.equal(certificate.subject, 'CN=valve 7')
  assert.equal(authority.ca, true)
  assert.equal(certificate.ca, false)
  assert.ok(authority.verify(authority.publicKey))
  assert.ok(certificate.verify(authority.publicKey))
  assert.ok(certificate.checkIssued(authority))
  assert.ok(certificate.checkPrivateKey(createPrivateKey(key)))
  assert.equal(Date.parse(authority.validFrom), 1_700_000_000_000)
  assert.equal(Date.parse(authority.validTo), 3_000_000_000_000)
  assert.ok(Date.parse(certificate.validTo) > Date.now() + 300 * 86_400_000)
  assert.deepEqual(refused, ['string', 'string', 'string', 'string', 'string'])
})

test('crypto: what makes no sense is thrown or rejected, with a text', async () => {
  const answer = await run(
    `var said = [];
    [function () { crypto.createHash("rot13"); }, function () { crypto.encode("morse", "x"); }, function () { crypto.create_jwt({}, "none", ""); },
     function () { crypto.create_jwt({}, "RS256", "no key"); }, function () { crypto.decode("gzip", "not zipped"); }].forEach(function (attempt) {
      try { attempt(); said.push("did it"); } catch (e) { said.push(e.message.length > 5); } });
    crypto.importKey("PEM", "no key").then(function () { resp.error("read it"); }, function (e) { said.push(e.message.length > 5); resp.success(said); });`,
    crypto,
  )
  assert.deepEqual(results(answer), [true, true, true, true, true, true])
})

test('jsutil: util.inspect and util.format', async () => {
  const answer = await run(
    'resp.success([util.format("%s is %d of %j", "a", 1, {b: 2}), typeof util.inspect({a: [1]})]);',
    { requires: 'jsutil' },
  )
  assert.deepEqual(results(answer), ['a is 1 of {"b":2}', 'string'])
})

const refusals: [area: string, code: string][] = [
  ['messaging', 'ClearBlade.Messaging().subscribe("a/b", cb)'],
  ['messaging', 'ClearBlade.Messaging().waitForMessage(["a/b"], cb)'],
  ['messaging', 'ClearBlade.Messaging().getMessageHistory("a/b", 0, 10, cb)'],
  ['messaging', 'ClearBlade.Messaging({}, function () {}).getCurrentTopics(cb)'],
  ['devices', 'ClearBlade.Device().fetch(ClearBlade.Query(), cb)'],
  ['devices', 'ClearBlade.getAllDevicesForSystem(cb)'],
  ['devices', 'ClearBlade.createDevice("valve", {}, true, cb)'],
  ['cache', 'ClearBlade.Cache("shared").get("a", cb)'],
  ['cache', 'ClearBlade.Cache("shared").set("a", 1, cb)'],
  ['lock', 'ClearBlade.Lock("name", "me").lock(cb)'],
  ['triggers', 'ClearBlade.Trigger.Create("t", {def_module: "Data", def_name: "ItemCreated"}, cb)'],
  ['timers', 'ClearBlade.Timer.Create("t", {start_time: "now"}, cb)'],
  ['deployments', 'ClearBlade.Deployment().readAll(ClearBlade.Query(), cb)'],
]

test('what is not built yet fails through its callback with "not available yet" and the area', async () => {
  const answer = await run(`var got = [];
    ${refusals.map(([, code]) => `(function () { var called = 0; function cb(err, data) { called++; got.push([called, err, String(data), data.error.code]); } ${code}; })();`).join('\n')}
    resp.success(got);`)
  const got = results(answer)
  assert.equal(got.length, refusals.length)
  for (const [i, [area, code]] of refusals.entries())
    assert.deepEqual(got[i], [1, true, `not available yet: ${area}`, 120], code)
})

const promised: [area: string, code: string][] = [
  ['devices', 'ClearBladeAsync.Devices().read()'],
  ['cache', 'ClearBladeAsync.Cache("shared").set("a", 1)'],
  ['lock', 'ClearBladeAsync.Lock("name", "me").lock()'],
  ['triggers', 'ClearBladeAsync.Triggers().create({})'],
  ['timers', 'ClearBladeAsync.Timers().read()'],
  ['messaging', 'ClearBladeAsync.MessageHistory().read(ClearBladeAsync.Query())'],
  ['edges', 'ClearBladeAsync.Edges().read()'],
  ['secrets', 'ClearBladeAsync.Secret().read("s")'],
  ['file stores', 'ClearBladeAsync.FS("b").readFile("f")'],
  ['MQTT', 'new MQTT.Client().subscribe("a/b", function () {})'],
  ['MQTT', 'new MQTT.Client({}).publish("a/b", "x")'],
]

test('what is not built yet rejects its promise with "not available yet" and the area', async () => {
  const answer = await run(
    `Promise.all([${promised.map(([, code]) => `${code}.then(function () { return "did it"; }, function (e) { return [e.message, e.code]; })`).join(',\n')}])
    .then(resp.success).catch(resp.error);`,
    { requires: 'clearblade_async,mqtt' },
  )
  for (const [i, [area, code]] of promised.entries()) {
    assert.deepEqual(results(answer)[i], [`not available yet: ${area}`, 120], code)
  }
})

test('publish needs no callback: until messaging is built it does nothing, and the log says so', async () => {
  const answer = await run('ClearBlade.Messaging().publish("a/b", "x"); resp.success("goes on");', {
    as: 'developer',
    requires: 'clearblade,log',
    logging: true,
  })
  assert.equal(results(answer), 'goes on')
  assert.equal(answer.body.logs, 'not available yet: messaging')
})

test('a loop that waits for messages ends, although none can come', async () => {
  const answer = await run(`var m = ClearBlade.Messaging();
    m.subscribe("a", function () { while (true) { m.waitForMessage(["a"], function (err, text, topic) {}); } });`)
  assert.equal(answer.body.success, false)
  assert.match(answer.body.results, /not available yet: messaging/)
})

test('an unanswered lock stops the service: going on without it would be worse', async () => {
  const answer = await run('ClearBlade.Lock("name", "me").lock(); resp.success("went on");')
  assert.equal(answer.body.success, false)
  assert.match(answer.body.results, /not available yet: lock/)
})

test('services that only name what is not built load and run', async () => {
  const answer = await runCode(
    `var all = [ClearBlade.Messaging(), ClearBlade.Device(), ClearBlade.Cache("c"), ClearBlade.Lock("l", "m"), new MQTT.Client(),
      ClearBladeAsync.Devices(), ClearBladeAsync.Preloader(), mailer(), new geo("polar"), new MQTT.Message("x")];
    function NAME(req, resp) { resp.success([all.length, all[9].payload]); }`,
    { requires: 'clearblade,clearblade_async,mqtt,mailer,geo' },
  )
  assert.deepEqual(results(answer), [10, 'x'])
})
