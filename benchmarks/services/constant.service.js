function constant(req, resp) {
  resp.success(42);
}
