"""The HTTP side: requests with a bearer token, problem documents, and sign-ins that refresh themselves."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any, Dict, List, Optional


class Problem(Exception):
    """A refusal over HTTP, as a problem document tells it [HT-2]."""

    def __init__(self, status: int, headers: Dict[str, str], document: Dict[str, Any]) -> None:
        super().__init__(f"{status} {document.get('code')}: {document.get('detail')} {document.get('details')}")
        self.status, self.headers, self.document = status, headers, document
        self.code = document.get("code")
        self.details = document.get("details")


class Answer:
    def __init__(self, status: int, headers: Dict[str, str], body: Any) -> None:
        self.status, self.headers, self.body = status, headers, body


class Http:
    """One engine's HTTP routes."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        token: Optional[str] = None,
        headers: Optional[Dict[str, str]] = None,
        attempts: int = 5,
    ) -> Answer:
        """Asks once, and again after a retryable refusal. Raises Problem for any other."""
        for attempt in range(1, attempts + 1):
            try:
                return self._once(method, path, body, token, headers or {})
            except Problem as problem:
                if problem.code not in RETRYABLE or attempt == attempts:
                    raise
                time.sleep(((problem.details or {}).get("retryAfterMs") or 100 * attempt) / 1000)
        raise AssertionError("at least one attempt")

    def _once(self, method: str, path: str, body: Any, token: Optional[str], headers: Dict[str, str]) -> Answer:
        sent = dict(headers)
        data = None
        if body is not None:
            data = json.dumps(body).encode("utf-8")
            sent["Content-Type"] = "application/json"
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        connection = http.client.HTTPConnection(self._host, self._port, timeout=10)
        try:
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            text = response.read()
            got = {name.lower(): value for name, value in response.getheaders()}
        finally:
            connection.close()
        kind = got.get("content-type", "")
        parsed = json.loads(text) if text and "json" in kind else text.decode("utf-8") or None
        if response.status >= 400:
            if not kind.startswith("application/problem+json"):
                raise AssertionError(f"{method} {path}: {response.status} is no problem document: {text!r}")
            raise Problem(response.status, got, parsed)
        return Answer(response.status, got, parsed)


#: The codes of the table in [ER-1] that say: the same again, later.
RETRYABLE = ("rate-limited", "too-many-connections", "request-too-slow", "overloaded", "unavailable", "internal")


class SignIn:
    """A person's sign-in: the pair of tokens and how it is renewed [AU-1] [AU-5]."""

    def __init__(self, http: Http, user: str, password: str, region: Optional[str] = None, unit: Optional[str] = None):
        self._http = http
        asked = {"user": user, "password": password}
        if region is not None:
            asked["region"] = region
        if unit is not None:
            asked["unit"] = unit
        self.user: Dict[str, Any] = {}
        #: Every refresh token of this sign-in, the newest last.
        self.refresh_tokens: List[str] = []
        self._take(http.request("POST", "/v1/auth/login", asked).body)

    def refresh(self) -> None:
        """Spends the refresh token for the next pair."""
        self._take(self._http.request("POST", "/v1/auth/refresh", {"refreshToken": self.refresh_tokens[-1]}).body)

    def get(self, path: str) -> Answer:
        return self._http.request("GET", path, token=self.access_token)

    def post(self, path: str, body: Any = None, key: Optional[str] = None) -> Answer:
        headers = {} if key is None else {"Idempotency-Key": key}
        return self._http.request("POST", path, body, self.access_token, headers)

    def _take(self, pair: Dict[str, Any]) -> None:
        self.access_token: str = pair["accessToken"]
        self.access_expires_in_s: int = pair["accessExpiresInS"]
        self.refresh_tokens.append(pair["refreshToken"])
        self.user = pair["user"]
