"""A library's lending desk: FastAPI and Prisma Client Python, as its documentation shows them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI, HTTPException
from prisma import Json, Prisma
from prisma.errors import ForeignKeyViolationError, UniqueViolationError
from prisma.models import Book, Loan, Reader
from pydantic import BaseModel

db = Prisma(auto_register=True)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
    await db.connect()
    yield
    await db.disconnect()


app = FastAPI(title="Library", lifespan=lifespan)


class NewReader(BaseModel):
    email: str
    name: str


class NewBook(BaseModel):
    title: str
    isbn: str
    copies: int = 1
    tags: list[str] = []
    notes: dict[str, Any] | None = None


@app.post("/readers", status_code=201)
async def add_reader(reader: NewReader) -> Reader:
    try:
        return await Reader.prisma().create(data={"email": reader.email, "name": reader.name})
    except UniqueViolationError as error:
        raise HTTPException(409, "This address is known already.") from error


@app.get("/readers/{reader_id}")
async def read_reader(reader_id: str) -> Reader:
    reader = await db.reader.find_unique(
        where={"id": reader_id}, include={"loans": {"include": {"book": True}}}
    )
    if reader is None:
        raise HTTPException(404)
    return reader


@app.delete("/readers/{reader_id}", status_code=204)
async def remove_reader(reader_id: str) -> None:
    if await db.reader.delete(where={"id": reader_id}) is None:
        raise HTTPException(404)


@app.post("/books", status_code=201)
async def add_book(book: NewBook) -> Book:
    return await db.book.create(
        data={
            "title": book.title,
            "isbn": book.isbn,
            "copies": book.copies,
            "notes": Json(book.notes or {}),
            "tags": {
                "connect_or_create": [
                    {"where": {"name": tag}, "create": {"name": tag}} for tag in book.tags
                ]
            },
        },
        include={"tags": True},
    )


@app.get("/books")
async def find_books(
    tag: str | None = None, words: str | None = None, take: int = 20, after: int | None = None
) -> list[Book]:
    where: dict[str, Any] = {}
    if tag:
        where["tags"] = {"some": {"name": tag}}
    if words:
        where["title"] = {"search": " & ".join(words.split())}
    page: dict[str, Any] = {"cursor": {"id": after}, "skip": 1} if after else {}
    return await db.book.find_many(
        where=where, take=take, order={"id": "asc"}, include={"tags": True}, **page
    )


@app.post("/books/{book_id}/loans", status_code=201)
async def lend(book_id: int, reader_id: str) -> Loan:
    """One transaction: a copy is taken and the loan written, or neither."""
    try:
        async with db.tx() as tx:
            taken = await tx.book.update_many(
                where={"id": book_id, "copies": {"gt": 0}}, data={"copies": {"decrement": 1}}
            )
            if not taken:
                raise HTTPException(409, "No copy is there.")
            return await tx.loan.create(data={"bookId": book_id, "readerId": reader_id})
    except UniqueViolationError as error:
        raise HTTPException(409, "The reader has this book already.") from error
    except ForeignKeyViolationError as error:
        raise HTTPException(404, "There is no such reader.") from error


@app.delete("/books/{book_id}/loans/{reader_id}")
async def bring_back(book_id: int, reader_id: str) -> Loan:
    loan = await db.loan.find_unique(
        where={"readerId_bookId": {"readerId": reader_id, "bookId": book_id}}
    )
    if loan is None or loan.returned:
        raise HTTPException(404)
    async with db.batch_() as batch:
        batch.loan.update(
            where={"readerId_bookId": {"readerId": reader_id, "bookId": book_id}},
            data={"returned": datetime.now(UTC)},
        )
        batch.book.update(where={"id": book_id}, data={"copies": {"increment": 1}})
    return await db.loan.find_unique_or_raise(
        where={"readerId_bookId": {"readerId": reader_id, "bookId": book_id}}
    )


@app.get("/statistics")
async def statistics() -> dict[str, Any]:
    groups = await db.loan.group_by(by=["bookId"], count=True, order={"bookId": "asc"})
    longest = await db.query_raw(
        'SELECT title, length(title) AS letters FROM "Book" ORDER BY letters DESC LIMIT $1', 3
    )
    return {
        "books": await db.book.count(),
        "copies": (await db.book.group_by(by=["id"], sum={"copies": True})),
        "loans": groups,
        "longest": longest,
    }
