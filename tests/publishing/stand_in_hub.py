"""A model hub in the memory of the test, that speaks what huggingface_hub needs to publish and fetch, and breaks off on demand."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

TOKEN = "hf_standIn0123456789abcdefghijklmnop"  # noqa: S105  # of this hub alone
LARGE = (".safetensors", ".parquet")
"""Files that go through large file storage."""


@dataclass
class Commit:
    """A state of a repository."""

    oid: str
    message: str
    files: dict[str, bytes]


@dataclass
class Repo:
    """A repository: who may read it, its commits (the last is main), its tags."""

    private: bool
    commits: list[Commit] = field(default_factory=lambda: [Commit("0" * 40, "initial", {".gitattributes": b""})])
    tags: dict[str, str] = field(default_factory=dict)

    def at(self, revision: str) -> Commit | None:
        """Return the commit of a branch, tag or id."""
        oid = self.tags.get(revision, revision)
        return self.commits[-1] if revision == "main" else next((one for one in self.commits if one.oid == oid), None)


class StandInHub:
    """The hub; its address is `url`. `breaks` counts, by the beginning of a path, how many requests are broken off."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.stored: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.breaks: dict[str, int] = {}
        self.server = uvicorn.Server(uvicorn.Config(self._app(), port=0, log_level="critical", timeout_graceful_shutdown=1))
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def start(self) -> None:
        """Serve, and return when it answers."""
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}"

    def stop(self) -> None:
        """End the service."""
        self.server.should_exit = True
        self.thread.join(5)

    def reset(self) -> None:
        """Forget everything."""
        for kept in (self.repos, self.stored, self.requests, self.breaks):
            kept.clear()

    def seen(self, method: str, part: str) -> int:
        """Return how many requests with `part` in their path there were."""
        return sum(line.startswith(method) and part in line for line in self.requests)

    def _app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)
        app.middleware("http")(self._gate)
        app.get("/api/whoami-v2")(lambda: {"name": "tester", "type": "user", "auth": {}})
        app.post("/api/validate-yaml")(lambda: {"errors": [], "warnings": []})
        app.post("/api/repos/create")(self._create)
        app.put("/lfs/{oid}")(self._store)
        app.post("/{place:path}.git/info/lfs/objects/batch")(self._batch)
        for kind in ("models", "datasets"):
            root = f"/api/{kind}/{{org}}/{{name}}"
            app.post(root + "/preupload/{revision}")(self._preupload)
            app.post(root + "/commit/{revision}")(self._commit)
            app.post(root + "/tag/{revision}")(self._tag)
            app.put(root + "/settings")(self._settings)
            app.get(root + "/refs")(self._refs)
            app.get(root + "/tree/{revision}")(self._tree)
            app.get(root + "/revision/{revision}")(self._info)
            app.get(root)(self._info)
        for root in ("", "/datasets"):
            app.api_route(root + "/{org}/{name}/resolve/{revision}/{path:path}", methods=["GET", "HEAD"])(self._resolve)
        return app

    async def _gate(self, request: Request, call_next: Any) -> Any:
        path = request.url.path
        self.requests.append(f"{request.method} {path}")
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        signed = path.startswith("/lfs/")  # addresses of the large storage carry their own permission
        if token not in ("", TOKEN) or (not token and not signed and request.method not in ("GET", "HEAD")):
            return JSONResponse({"error": "Invalid username or password."}, 401)
        for start, left in self.breaks.items():
            if left and start in path:
                self.breaks[start] -= 1
                await anext(request.stream())
                return StreamingResponse(broken_off(), headers={"Content-Length": "9"})
        if not token and (repo := self._repo(path)) and repo.private:
            return JSONResponse({"error": "Repository not found"}, 401, {"X-Error-Code": "RepoNotFound"})
        return await call_next(request)

    def _repo(self, path: str) -> Repo | None:
        parts = path.removeprefix("/api/").removeprefix("/").removeprefix("models/").split("/")
        parts = ["datasets/" + parts[1], *parts[2:]] if parts[0] == "datasets" else parts
        return self.repos.get("/".join(parts[:2]))

    async def _create(self, request: Request) -> Response:
        wish = await request.json()
        name = f"{wish['organization']}/{wish['name']}"
        key = f"datasets/{name}" if wish.get("type") == "dataset" else name
        if key in self.repos:
            return JSONResponse({"error": "You already created this repo", "url": f"{self.url}/{key}"}, 409)
        private = wish.get("private", wish.get("visibility") == "private")
        self.repos[key] = Repo(private)
        return JSONResponse({"url": f"{self.url}/{key}", "name": name, "id": "1"})

    async def _preupload(self, request: Request) -> Response:
        repo = self._repo(request.url.path)
        if repo is None:
            return missing("RepoNotFound")
        there = repo.commits[-1].files
        answer = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if file["path"].endswith(LARGE) else "regular",
                "shouldIgnore": False,
                "oid": object_id(file["path"], there[file["path"]]) if file["path"] in there else None,
            }
            for file in (await request.json())["files"]
        ]
        return JSONResponse({"files": answer})

    async def _batch(self, request: Request) -> Response:
        objects = []
        for one in (await request.json())["objects"]:
            upload = {} if one["oid"] in self.stored else {"actions": {"upload": {"href": f"{self.url}/lfs/{one['oid']}"}}}
            objects.append({**one, **upload})
        return JSONResponse({"transfer": "basic", "objects": objects})

    async def _store(self, oid: str, request: Request) -> Response:
        content = await request.body()
        if hashlib.sha256(content).hexdigest() != oid:
            return JSONResponse({"error": "wrong sum"}, 400)
        self.stored[oid] = content
        return Response()

    async def _commit(self, request: Request) -> Response:
        repo = self._repo(request.url.path)
        if repo is None:
            return missing("RepoNotFound")
        lines = [json.loads(line) for line in (await request.body()).splitlines()]
        files = dict(repo.commits[-1].files)
        for line in lines[1:]:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.stored[value["oid"]]
            else:
                files.pop(value["path"])
        oid = hashlib.sha1(repr((len(repo.commits), sorted(files))).encode(), usedforsecurity=False).hexdigest()
        repo.commits.append(Commit(oid, lines[0]["value"]["summary"], files))
        return JSONResponse({"commitUrl": f"{self.url}/{self._key(request)}/commit/{oid}", "commitOid": oid})

    async def _tag(self, revision: str, request: Request) -> Response:
        repo, tag = self.repos[self._key(request)], (await request.json())["tag"]
        if tag in repo.tags:
            return JSONResponse({"error": "Tag reference exists already"}, 409)
        repo.tags[tag] = revision
        return Response()

    async def _settings(self, request: Request) -> Response:
        wish = await request.json()
        self.repos[self._key(request)].private = wish.get("private", wish.get("visibility") == "private")
        return JSONResponse({})

    def _key(self, request: Request) -> str:
        return next(key for key, repo in self.repos.items() if repo is self._repo(request.url.path))

    async def _refs(self, request: Request) -> Response:
        repo = self._repo(request.url.path)
        if repo is None:
            return missing("RepoNotFound")
        tags = [{"name": tag, "ref": f"refs/tags/{tag}", "targetCommit": oid} for tag, oid in repo.tags.items()]
        main = {"name": "main", "ref": "refs/heads/main", "targetCommit": repo.commits[-1].oid}
        return JSONResponse({"branches": [main], "converts": [], "tags": tags})

    async def _info(self, org: str, name: str, request: Request, revision: str = "main") -> Response:
        repo = self._repo(request.url.path)
        if repo is None:
            return missing("RepoNotFound")
        commit = repo.at(revision)
        if commit is None:
            return missing("RevisionNotFound")
        siblings = [{"rfilename": path} for path in commit.files]
        return JSONResponse({"id": f"{org}/{name}", "sha": commit.oid, "private": repo.private, "siblings": siblings, "tags": []})

    async def _tree(self, revision: str, request: Request) -> Response:
        repo = self._repo(request.url.path)
        commit = repo.at(revision) if repo else None
        if commit is None:
            return missing("RevisionNotFound" if repo else "RepoNotFound")
        return JSONResponse([entry(path, content) for path, content in commit.files.items()])

    async def _resolve(self, revision: str, path: str, request: Request) -> Response:
        repo = self._repo(request.url.path)
        commit = repo.at(revision) if repo else None
        if commit is None:
            return missing("RevisionNotFound" if repo else "RepoNotFound")
        if path not in commit.files:
            return missing("EntryNotFound")
        content = commit.files[path]
        headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": commit.oid}
        if request.method == "HEAD":
            return Response(headers=headers | {"Content-Length": str(len(content))})
        return Response(content, headers=headers, media_type="application/octet-stream")


async def broken_off() -> AsyncIterator[bytes]:
    """Send less than was announced, and break."""
    yield b"{"
    raise ConnectionError


def missing(code: str) -> Response:
    """Answer that there is none, in the hub's own words."""
    return JSONResponse({"error": code}, 404, {"X-Error-Code": code})


def entry(path: str, content: bytes) -> dict[str, Any]:
    """Return what the hub tells of a file; one in the large storage has there its SHA-256, and in git only a pointer."""
    told: dict[str, Any] = {"type": "file", "path": path, "size": len(content)}
    if path.endswith(LARGE):
        sum = object_id(path, content)
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sum}\nsize {len(content)}\n".encode()
        lfs = {"oid": sum, "size": len(content), "pointerSize": len(pointer)}
        return told | {"oid": object_id("", pointer), "lfs": lfs}
    return told | {"oid": object_id("", content)}


def object_id(path: str, content: bytes) -> str:
    """Return the id by which the hub tells whether a file changed: SHA-256 for large ones, git's for others."""
    if path.endswith(LARGE):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
