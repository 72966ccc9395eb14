function readAndCreate(req, resp) {
  ClearBlade.init({ request: req });
  var query = ClearBlade.Query({ collectionName: 'Readings' });
  query.equalTo('item_id', req.params.id);
  query.fetch(function (err, found) {
    if (err) resp.error(found);
    var row = found.DATA[0];
    var next = { site: row.site, name: row.name, level: row.level + 1 };
    ClearBlade.Collection({ collectionName: 'Copies' }).create(next, function (err, made) {
      if (err) resp.error(made);
      resp.success(made[0].item_id);
    });
  });
}
