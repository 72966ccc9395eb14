function sendText(to, text, callback) {
  Requests().post(
    { auth: { user: SMS_KEY, pass: SMS_SECRET }, uri: SMS_URL + '/Messages.json', body: { To: to, From: SMS_FROM, Body: text }, form: true },
    callback
  );
}
