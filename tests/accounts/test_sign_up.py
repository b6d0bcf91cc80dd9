"""POST /v1/auth/sign-up and /v1/auth/confirm-email."""

from tests.fix_api import PASSWORD, Api

ANN = "ann@example.com"
CONFIRM = "Confirm your e-mail address"


async def sign_up(api: Api, email: str = ANN, password: str = PASSWORD, **more: object):
    return await api.anonymous.post(
        "/v1/auth/sign-up", json={"email": email, "password": password, **more}
    )


async def log_in(api: Api, email: str = ANN, password: str = PASSWORD):
    return await api.anonymous.post("/v1/auth/log-in", json={"email": email, "password": password})


async def confirm(api: Api, token: str, password: str = PASSWORD):
    return await api.anonymous.post(
        "/v1/auth/confirm-email", json={"token": token, "password": password}
    )


async def test_from_signing_up_to_being_in(api: Api):
    """Sign up, read the mail, confirm, log in: the whole way."""
    assert (await sign_up(api, "Ann@Example.com", name=" Ann ")).status_code == 202
    before = await log_in(api)
    token = await api.link(ANN, CONFIRM)
    assert (await confirm(api, token)).status_code == 204
    tokens = (await log_in(api, "ANN@example.com")).json()
    me = await api.client(tokens["accessToken"]).get("/v1/me")

    assert before.status_code == 401
    assert tokens["tokenType"] == "Bearer"
    assert tokens["expiresIn"] == 900
    assert me.status_code == 200
    assert me.json()["email"] == ANN
    assert me.json()["name"] == "Ann"
    assert me.json()["emailConfirmedAt"]
    assert set(me.json()) == {"id", "email", "emailConfirmedAt", "name", "createdAt"}
