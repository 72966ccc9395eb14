/** The engine contract on data: collections, users, queries, in the blocking library and in the one with promises. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp } from '../support/app.ts'
import { openStage, results } from './stage.ts'

const app = await createTestApp({ after })
const { run, runCode, system, userId } = await openStage(app)
const developer = { developer: app.developer }
await app.createCollection(system, 'Readings', {
  place: 'string',
  heat: 'int',
  wet: 'bool',
  at: 'timestamp',
  more: 'jsonb',
})
const many = await app.createCollection(system, 'Many', { n: 'int' })
await app.createCollection(system, 'Wells', { place: 'string', depth: 'int', seen: 'bool', code: 'string' })
await app.createCollection(system, 'Hidden', { x: 'string' })
await app.call('POST', `/admin/user/${system.key}/columns`, {
  ...developer,
  body: { column_name: 'sms_phone', type: 'string' },
})
await app.call('POST', `/admin/user/${system.key}/columns`, {
  developer: app.developer,
  body: { column_name: 'nickname', type: 'string' },
})
const level = (name: string, permissions: number) => ({ itemInfo: { name }, permissions })
await app.grant(system, 'Authenticated', {
  collections: [level('Readings', 15), level('Many', 15), level('Wells', 15)],
  users: { permissions: 1 },
})

/** `ask(f)`: calls f with a callback and answers what the callback got. */
const ask = `function ask(start) { var got = "never called"; start(function (err, data) { got = {err: err, data: data}; }); return got; }
  function readings() { return ClearBlade.Collection({collectionName: "Readings"}); }`

test('22: Collection.create(obj) gives data[0].item_id; with an array one entry per row, in order', async () => {
  const answer = await run(`${ask}
    var one = ask(function (cb) { readings().create({place: "c1", heat: 1}, cb); });
    var more = ask(function (cb) { readings().create([{place: "c2", heat: 2}, {place: "c3", heat: 3}], cb); });
    var found = more.data.map(function (made) {
      return ask(function (cb) { readings().fetch(ClearBlade.Query().equalTo("item_id", made.item_id), cb); }).data.DATA[0].place; });
    resp.success([one, more, found]);`)
  const [one, more, found] = results(answer)
  assert.equal(one.err, false)
  assert.equal(one.data.length, 1)
  assert.match(one.data[0].item_id, /^[0-9a-f-]{36}$/)
  assert.equal(more.data.length, 2)
  assert.deepEqual(found, ['c2', 'c3'])
})

test('22: values travel: dates, booleans, null, jsonb; a Date and an ISO text suit a timestamp column', async () => {
  const answer = await run(`${ask}
    readings().create([
      {place: "t1", wet: true, at: new Date(86400000), more: {list: [1, {a: null}]}},
      {place: "t2", at: new Date(86400000).toISOString(), wet: null}], function (err, data) { if (err) resp.error(data); });
    var rows = ask(function (cb) {
      readings().fetch(ClearBlade.Query().matches("place", "^t[12]$").ascending("place"), cb); }).data.DATA;
    resp.success(rows);`)
  const [first, second] = results(answer)
  assert.equal(new Date(first.at).getTime(), 86_400_000)
  assert.equal(new Date(second.at).getTime(), 86_400_000)
  assert.deepEqual(first.more, { list: [1, { a: null }] })
  assert.equal(first.wet, true)
  assert.equal(second.wet, null)
  assert.equal(second.heat, null, 'columns that were not set are there, null')
})

test('22: a collection may be named by name, id, or a query of its own; a missing callback does no harm', async () => {
  const answer = await run(
    `${ask}
    ClearBlade.Collection({collectionName: "Many"}).create({n: -1});
    var count = function (options) { return ask(function (cb) { ClearBlade.Collection(options).count(cb); }).data.count; };
    var id = req.params.id;
    var counts = [count({collectionName: "Many"}), count({collectionID: id}), count({collection: id}), count(id)];
    var own = ask(function (cb) { ClearBlade.Query({collectionName: "Many"}).equalTo("n", -1).fetch(cb); }).data.DATA.length;
    ClearBlade.Query({collectionName: "Many"}).equalTo("n", -1).remove();
    resp.success([counts, own, count(id)]);`,
    { params: { id: many } },
  )
  assert.deepEqual(results(answer), [[1, 1, 1, 1], 1, 0])
})

test('23: fetch(cb) and fetch(query, cb) give DATA, TOTAL, CURRENTPAGE, NEXTPAGEURL, PREVPAGEURL', async () => {
  const answer = await run(`${ask}
    var wells = ClearBlade.Collection({collectionName: "Wells"});
    wells.create([{place: "a"}, {place: "b"}], function () {});
    var all = ask(function (cb) { wells.fetch(cb); });
    var one = ask(function (cb) { wells.fetch(ClearBlade.Query().equalTo("place", "b"), cb); });
    var none = ask(function (cb) { wells.fetch(ClearBlade.Query().equalTo("place", "z"), cb); });
    wells.remove(ClearBlade.Query().notEqualTo("place", "z"), function () {});
    resp.success([all, one, none]);`)
  const [all, one, none] = results(answer)
  assert.equal(all.err, false)
  assert.deepEqual(Object.keys(all.data).sort(), ['CURRENTPAGE', 'DATA', 'NEXTPAGEURL', 'PREVPAGEURL', 'TOTAL'])
  assert.equal(all.data.DATA.length, 2)
  assert.equal(all.data.TOTAL, 2)
  assert.equal(all.data.CURRENTPAGE, 1)
  assert.deepEqual(Object.keys(one.data.DATA[0]).sort(), ['code', 'depth', 'item_id', 'place', 'seen'])
  assert.equal(one.data.TOTAL, 1)
  assert.deepEqual(none.data.DATA, [])
  assert.equal(none.data.TOTAL, 0)
})

test('23: what may not be read, or is not there, is an err with a text that says why', async () => {
  const answer = await run(`${ask}
    var seen = ["Hidden", "NoSuchThing"].map(function (name) {
      return ask(function (cb) { ClearBlade.Collection({collectionName: name}).fetch(cb); }); });
    var badColumn = ask(function (cb) { readings().fetch(ClearBlade.Query().equalTo("no_such_column", 1), cb); });
    var unnamed = ask(function (cb) { ClearBlade.Collection({}).fetch(cb); });
    resp.success(seen.concat([badColumn, unnamed]).map(function (got) { return [got.err, String(got.data), JSON.stringify(got.data)]; }));`)
  for (const [err, text, json] of results(answer)) {
    assert.equal(err, true)
    assert.doesNotMatch(text, /\[object/)
    const { error } = JSON.parse(json)
    assert.equal(typeof error.code, 'number')
    assert.equal(error.detail, text)
  }
})

test('24, 25: allUsers gives data.Data[0] with custom columns and Total; setUsers changes custom columns', async () => {
  const body = `${ask}
    var query = ClearBlade.Query(); query.equalTo("email", "op@example.com");
    var changed = ask(function (cb) { ClearBlade.User().setUsers(query, {sms_phone: req.params.phone}, cb); });
    var found = ask(function (cb) { ClearBlade.User().allUsers(query, cb); });
    var none = ask(function (cb) { ClearBlade.User().allUsers(ClearBlade.Query().equalTo("email", "nobody@example.com"), cb); });
    resp.success([changed.err, found, none.data, ask(function (cb) { ClearBlade.User().count(query, cb); }).data]);`
  const [changedErr, found, none, count] = results(
    await run(body, { as: 'developer', params: { phone: '+15005550006' } }),
  )
  assert.equal(changedErr, false)
  assert.equal(found.err, false)
  assert.equal(found.data.Total, 1)
  const [row] = found.data.Data
  assert.equal(row.sms_phone, '+15005550006')
  assert.equal(row.user_id, userId)
  assert.equal(row.email, 'op@example.com')
  assert.ok('creation_date' in row)
  assert.ok(!Object.keys(row).some((name) => /password|hash|salt/i.test(name)))
  assert.deepEqual(none, { Data: [], Total: 0 })
  assert.deepEqual(count, { count: 1 })
  const byUser = results(await run(body, { params: { phone: 'mine now' } }))
  assert.equal(byUser[0], true, 'a user without the right changes nobody')
  assert.equal(byUser[1].data.Data[0].sms_phone, '+15005550006')
})

test('25: setUsers reaches custom columns only, and asks for a query', async () => {
  const answer = await run(
    `${ask}
    var query = ClearBlade.Query().equalTo("email", "op@example.com");
    var attempts = [{password: "a stolen password"}, {email: "x@example.com"}, {user_id: "1"}, {cb_token: "1"}, {roles: ["Administrator"]}];
    var seen = attempts.map(function (changes) { return ask(function (cb) { ClearBlade.User().setUsers(query, changes, cb); }).err; });
    seen.push(ask(function (cb) { ClearBlade.User().setUsers(undefined, {sms_phone: "all"}, cb); }).err);
    seen.push(ask(function (cb) { ClearBlade.User().allUsers(ClearBlade.Query().matches("password", "."), cb); }).err);
    resp.success(seen);`,
    { as: 'developer' },
  )
  assert.deepEqual(results(answer), [true, true, true, true, true, true, true])
})

test('24: getUser and setUser are about oneself', async () => {
  const answer = await run(`${ask}
    var err = ask(function (cb) { ClearBlade.User().setUser({nickname: "own"}, cb); }).err;
    resp.success([err, ask(function (cb) { ClearBlade.User().getUser(cb); }).data.nickname]);`)
  assert.deepEqual(results(answer), [false, 'own'])
})

test('24: the number of a phone that is bound as a second factor is not among what a user changes himself', async () => {
  const answer = await run(`${ask}
    var err = ask(function (cb) { ClearBlade.User().setUser({sms_phone: "+15005550009"}, cb); }).err;
    resp.success([err, ask(function (cb) { ClearBlade.User().getUser(cb); }).data.sms_phone]);`)
  assert.deepEqual(results(answer), [true, '+15005550006'])
})

test('26: update, remove and count with queries; count gives {count}', async () => {
  const answer = await run(`${ask}
    function named(place) { return ClearBlade.Query().equalTo("place", place); }
    function count(query) { return ask(function (cb) { query ? readings().count(query, cb) : readings().count(cb); }).data; }
    readings().create([{place: "u", heat: 1}, {place: "u", heat: 2}, {place: "v", heat: 3}], function () {});
    var before = count();
    var updated = ask(function (cb) { readings().update(named("u"), {heat: 9}, cb); });
    var nine = count(named("u").equalTo("heat", 9));
    var removed = ask(function (cb) { readings().remove(named("u"), cb); });
    resp.success([updated, nine, removed.err, count(named("u")), count(named("v")), before.count - count().count]);`)
  assert.deepEqual(results(answer), [
    { err: false, data: 'success' },
    { count: 2 },
    false,
    { count: 0 },
    { count: 1 },
    2,
  ])
})

test('26: without a query nothing is changed or removed, nor with one that vanished', async () => {
  const answer = await run(`${ask}
    var count = function () { return ask(function (cb) { readings().count(cb); }).data.count; };
    var before = count(), got = [];
    got.push(ask(function (cb) { readings().remove(cb); }).err);
    got.push(ask(function (cb) { readings().remove(undefined, cb); }).err);
    got.push(ask(function (cb) { readings().update(null, {heat: 0}, cb); }).err);
    got.push(ask(function (cb) { readings().remove({place: "u"}, cb); }).err);
    got.push(ask(function (cb) { readings().remove(ClearBlade.Query().equalTo("heat", "not a number"), cb); }).err);
    ask(function (cb) { readings().remove(ClearBlade.Query().equalTo("place", undefined), cb); });
    ask(function (cb) { readings().remove(ClearBlade.Query().equalTo("place", function () {}), cb); });
    resp.success([got, before > 0, before - count()]);`)
  assert.deepEqual(results(answer), [[true, true, true, true, true], true, 0])
})

test('27: Query methods chain; filters AND; or unions; sorts; pages; columns', async () => {
  const answer = await run(`${ask}
    var wells = ClearBlade.Collection({collectionName: "Wells"});
    var rows = [];
    for (var i = 1; i <= 9; i++) rows.push({place: i % 2 ? "odd" : "even", depth: i, seen: i > 5, code: "w" + i});
    wells.create(rows, function (err, data) { if (err) resp.error(data); });
    function depths(query) { return ask(function (cb) { wells.fetch(query, cb); }).data.DATA.map(function (row) { return row.depth; }).sort(); }
    function inOrder(query) { return ask(function (cb) { wells.fetch(query, cb); }).data.DATA.map(function (row) { return row.depth; }); }
    var Q = ClearBlade.Query;
    var root = Q().equalTo("depth", 1);
    for (var d = 2; d < 4; d++) root = root.or(Q().equalTo("depth", d));
    resp.success({
      and: depths(Q().equalTo("place", "odd").greaterThan("depth", 3).lessThan("depth", 9)),
      edges: depths(Q().greaterThanEqualTo("depth", 4).lessThanEqualTo("depth", 5)),
      not: depths(Q().notEqualTo("place", "odd")),
      bool: depths(Q().equalTo("seen", false).andFilter(">", "depth", 3)),
      or: depths(root),
      andOr: depths(Q().equalTo("place", "odd").lessThan("depth", 4).or(Q().equalTo("depth", 8))),
      matches: depths(Q().matches("code", "^w[12]$")),
      isNew: depths(new Q({collectionName: "Wells"}).equalTo("depth", 6)),
      sorted: inOrder(Q().ascending("place").descending("depth")),
      page: inOrder(Q().ascending("depth").setPage(4, 2)),
      firstPage: inOrder(Q().ascending("depth").setPage(2)),
      columns: ask(function (cb) { wells.fetch(Q().columns(["depth"]).equalTo("depth", 7), cb); }).data.DATA
    });`)
  const value = results(answer)
  assert.deepEqual(value.and, [5, 7])
  assert.deepEqual(value.edges, [4, 5])
  assert.deepEqual(value.not, [2, 4, 6, 8])
  assert.deepEqual(value.bool, [4, 5])
  assert.deepEqual(value.or, [1, 2, 3])
  assert.deepEqual(value.andOr, [1, 3, 8])
  assert.deepEqual(value.matches, [1, 2])
  assert.deepEqual(value.isNew, [6])
  assert.deepEqual(value.sorted, [8, 6, 4, 2, 9, 7, 5, 3, 1])
  assert.deepEqual(value.page, [5, 6, 7, 8])
  assert.deepEqual(value.firstPage, [1, 2])
  assert.equal(value.columns.length, 1)
  assert.equal(value.columns[0].depth, 7)
  assert.equal('place' in value.columns[0], false)
})

test('27: the default page is 100; setPage(0,0) returns all', async () => {
  const answer = await run(`${ask}
    var many = ClearBlade.Collection({collectionName: "Many"}), rows = [];
    for (var i = 0; i < 130; i++) rows.push({n: i});
    many.create(rows, function (err, data) { if (err) resp.error(data); });
    function size(query) { return ask(function (cb) { query ? many.fetch(query, cb) : many.fetch(cb); }).data.DATA.length; }
    resp.success([size(), size(ClearBlade.Query()), size(ClearBlade.Query().setPage(0, 0)), size(ClearBlade.Query().setPage(50, 3)),
      size(ClearBlade.Query().setPage(50, 0))]);`)
  assert.deepEqual(results(answer), [100, 100, 130, 30, 130])
})

test('28: query.query = {FILTERS} from req.params works in fetch and remove, followed by setPage', async () => {
  const answer = await run(
    `${ask}
    var many = ClearBlade.Collection({collectionName: "Many"});
    var query = ClearBlade.Query(); query.query = req.params.query; query.setPage(10, 1);
    var page = ask(function (cb) { many.fetch(query, cb); }).data.DATA.map(function (row) { return row.n; });
    var gone = ClearBlade.Query(); gone.query = req.params.query; gone.setPage(0, 0);
    var removed = ask(function (cb) { many.remove(gone, cb); }).err;
    var newer = ClearBlade.Query();
    newer.query = {PrimaryKey: "", Order: [{SortOrder: false, OrderKey: "n"}], PageSize: 2, PageNumber: 1,
      Queries: [[{Operator: "LT", Field: "n", Value: 50}]], Columns: ["n"]};
    var other = ask(function (cb) { many.fetch(newer, cb); }).data.DATA.map(function (row) { return row.n; });
    resp.success([page, removed, ask(function (cb) { many.count(cb); }).data.count, other]);`,
    { params: { query: { FILTERS: [[{ GTE: [{ n: 100 }] }]], SORT: [{ ASC: 'n' }] } } },
  )
  assert.deepEqual(results(answer), [[100, 101, 102, 103, 104, 105, 106, 107, 108, 109], false, 100, [49, 48]])
})

test("28: a client's query that is no query removes nothing", async () => {
  for (const query of ['all', 7, { FILTERS: 'x' }, { Filters: [] }, { FILTERS: [{}] }, { $where: 'true' }]) {
    const answer = await run(
      `${ask}
      var many = ClearBlade.Collection({collectionName: "Many"}), query = ClearBlade.Query();
      query.query = req.params.query;
      var got = ask(function (cb) { many.remove(query, cb); });
      resp.success([got.err, ask(function (cb) { many.count(cb); }).data.count]);`,
      { params: { query } },
    )
    assert.deepEqual(results(answer), [true, 100], JSON.stringify(query))
  }
})

test('collections are made, widened, listed and deleted by a service that a developer runs', async () => {
  const body = `${ask}
    var made = ask(function (cb) { ClearBlade.newCollection("Made", cb); });
    var collection = ClearBlade.Collection({collectionName: "Made"});
    ask(function (cb) { collection.addColumn({name: "size", type: "int"}, cb); });
    var columns = ask(function (cb) { collection.columns(cb); }).data;
    var created = ask(function (cb) { collection.create({size: 3}, cb); }).err;
    var names = ask(function (cb) { ClearBlade.getAllCollections(cb); }).data;
    ask(function (cb) { collection.deleteCollection(cb); });
    resp.success([made.err, columns, created, JSON.stringify(names).indexOf("Made") > 0, ask(function (cb) { collection.fetch(cb); }).err]);`
  const [madeErr, columns, created, listed, gone] = results(await run(body, { as: 'developer' }))
  assert.equal(madeErr, false)
  assert.deepEqual(columns, [
    { ColumnName: 'item_id', ColumnType: 'uuid', PK: true },
    { ColumnName: 'size', ColumnType: 'int', PK: false },
  ])
  assert.deepEqual([created, listed, gone], [false, true, true])
  assert.equal(results(await run(body))[0], true, 'a user without the right makes none')
})

test('an Item is saved, refreshed and destroyed', async () => {
  const answer = await run(`${ask}
    var item = ClearBlade.Item({place: "item", heat: 1}, {collectionName: "Readings"});
    item.save(function () {}); item.data.heat = 2; item.save(function () {});
    var copy = ClearBlade.Item({item_id: item.data.item_id}, {collectionName: "Readings"}); copy.refresh(function () {});
    item.destroy(function () {});
    var left = ask(function (cb) { readings().count(ClearBlade.Query().equalTo("place", "item"), cb); }).data.count;
    resp.success([copy.data.heat, left]);`)
  assert.deepEqual(results(answer), [2, 0])
})

const asynchronous = { requires: 'clearblade_async' }

test('60: ClearBladeAsync.Collection(n).fetch(q) gives DATA; upsert by unique column; a rejection has a message', async () => {
  const made = await run(
    `
    var wells = ClearBladeAsync.Collection("Wells");
    wells.createUniqueIndex("code").then(function () {
      return wells.upsert({code: "w1", place: "changed"}, "code");
    }).then(function (rows) {
      return wells.upsert({code: "new", depth: 99}, "code").then(function (more) { return [rows, more]; });
    }).then(resp.success).catch(resp.error);`,
    { ...asynchronous, as: 'developer' },
  )
  const [[changed], [added]] = results(made)
  assert.equal(changed.place, 'changed')
  assert.equal(changed.depth, 1)
  assert.equal(added.depth, 99)
  const answer = await run(
    `
    var query = ClearBladeAsync.Query().equalTo("place", "changed").or(ClearBladeAsync.Query().equalTo("depth", 99));
    Promise.all([
      ClearBladeAsync.Collection("Wells").fetch(query.ascending("depth")),
      ClearBladeAsync.Collection({collectionName: "Wells"}).count(),
      ClearBladeAsync.Collection("Hidden").fetch().catch(function (reason) { return reason.message; }),
      ClearBladeAsync.Collection("NoSuchThing").create({}).catch(function (reason) { return reason.message; })
    ]).then(resp.success).catch(resp.error);`,
    asynchronous,
  )
  const [page, count, hidden, missing] = results(answer)
  assert.deepEqual(
    page.DATA.map((row: any) => row.depth),
    [1, 99],
  )
  assert.equal(page.TOTAL, 2)
  assert.deepEqual(count, { count: 10 })
  assert.match(hidden, /\w+ \w+/)
  assert.match(missing, /\w+ \w+/)
})

test('60: create, update, remove and the rest of ClearBladeAsync.Collection, in the modern dialect', async () => {
  const answer = await runCode(
    `async function NAME(req, resp) {
    try {
      const wells = ClearBladeAsync.Collection('Wells')
      const [made] = await wells.create({ place: 'async', depth: 1 })
      await wells.bulkCreate(['place', 'depth'], [['async', 2], ['async', 3]])
      const mine = () => ClearBladeAsync.Query().equalTo('place', 'async')
      const updated = await wells.update(mine().greaterThan('depth', 1), { seen: true })
      const { count } = await wells.count(mine())
      const none = await wells.remove().then(() => 'removed', (reason) => typeof reason.message)
      const gone = await wells.remove(mine())
      const columns = await wells.columns()
      resp.success({ made: typeof made.item_id, updated: updated.map((row) => row.seen), count, none, gone: gone === undefined,
        left: (await wells.count(mine())).count, names: columns.map((column) => column.ColumnName) })
    } catch (e) { resp.error(e) }
  }`,
    { ...asynchronous, fields: { engine_type: 1 } },
  )
  assert.deepEqual(results(answer), {
    made: 'string',
    updated: [true, true],
    count: 3,
    none: 'string',
    gone: true,
    left: 0,
    names: ['item_id', 'place', 'depth', 'seen', 'code'],
  })
})

test('60: users, roles and sign-ins of ClearBladeAsync', async () => {
  const answer = await runCode(
    `async function NAME(req, resp) {
    try {
      const users = ClearBladeAsync.Users(), roles = ClearBladeAsync.Roles(), by = (email) => ClearBladeAsync.Query().equalTo('email', email)
      const id = await users.create({ email: 'async@example.com', password: 'made asynchronously', sms_phone: '1' })
      await users.update(by('async@example.com'), { sms_phone: '2' })
      const [row] = await users.read(by('async@example.com'))
      const role = await roles.create({ name: 'asyncRole', description: 'made by a service' })
      await ClearBladeAsync.Role(role).setPermissions({ type: 'collections', name: 'Wells', level: ClearBladeAsync.Permissions.READ })
      await ClearBladeAsync.Role(role).applyTo(id)
      const auth = await ClearBladeAsync.Auth().authUser('async@example.com', 'made asynchronously')
      const whose = await ClearBladeAsync.Auth().userIDFromToken(auth.auth_token)
      const held = await roles.grantedTo(id)
      const holders = await ClearBladeAsync.Role(role).users()
      await ClearBladeAsync.Role(role).stripFrom(id)
      const [named] = await roles.read(ClearBladeAsync.Query().equalTo('name', 'asyncRole'))
      await users.delete(by('async@example.com'))
      resp.success({ phone: row.sms_phone, same: row.user_id === id, whose: whose === id, held: held.includes(role), holders: holders.length,
        named: named.role_id === role, left: (await users.count(by('async@example.com'))).count })
    } catch (e) { resp.error(e) }
  }`,
    { ...asynchronous, as: 'developer', fields: { engine_type: 1 } },
  )
  assert.deepEqual(results(answer), {
    phone: '2',
    same: true,
    whose: true,
    held: true,
    holders: 1,
    named: true,
    left: 0,
  })
})

test('60: signing in through ClearBladeAsync does not change who the service is', async () => {
  const answer = await run(
    `
    ClearBladeAsync.Auth().authAnon().then(function (auth) {
      return ClearBladeAsync.Collection("Wells").count().then(function (n) { return [typeof auth.auth_token, n.count]; });
    }).then(resp.success).catch(resp.error);`,
    asynchronous,
  )
  assert.deepEqual(results(answer), ['string', 10])
})

test('raw SQL and raw queries are answered "not offered", through their callbacks and promises', async () => {
  const answer = await run(
    `${ask}
    var got = [ask(function (cb) { ClearBlade.Database().query("select 1", cb); }),
      ask(function (cb) { readings().fetch(ClearBlade.Query().rawQuery("{}"), cb); })].map(function (one) { return [one.err, String(one.data)]; });
    ClearBladeAsync.Database().query("select 1").catch(function (reason) { got.push([true, reason.message]); resp.success(got); });`,
    {
      requires: 'clearblade,clearblade_async',
    },
  )
  for (const [err, text] of results(answer)) {
    assert.equal(err, true)
    assert.match(text, /^not offered: raw/)
  }
})
