//! Somebody who opens a link on a phone and presses a button; or a job that pings.

use form_urlencoded::Serializer;
use hyper::Method;

use super::{Api, Outcome};

/// Opens pages of the console.
#[derive(Debug, Clone)]
pub struct Visitor {
    api: Api,
    /// Where the console is, as links have it.
    console_url: String,
}

/// A page as it came.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its HTTP status.
    pub status: u16,
    /// Its HTML.
    pub html: String,
    path: String,
}

/// A form of a page: what pressing its button sends.
#[derive(Debug, Clone)]
pub struct Form {
    /// What the button says.
    pub label: String,
    fields: Vec<(String, String)>,
}

impl Page {
    /// The form whose button says `label`.
    ///
    /// # Errors
    /// When the page has no such button.
    pub fn button(&self, label: &str) -> Outcome<Form> {
        let forms: Vec<Form> = self.html.split("<form ").skip(1).map(form).collect();
        let labels: Vec<String> = forms.iter().map(|form| form.label.clone()).collect();
        forms
            .into_iter()
            .find(|form| form.label == label)
            .ok_or_else(|| format!("the page has no button {label}, only {labels:?}"))
    }
}

fn form(html: &str) -> Form {
    let html = html.split("</form>").next().unwrap_or_default();
    let attribute = |tag: &str, name: &str| {
        tag.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned()
    };
    Form {
        label: html.split("</button>").next().and_then(|rest| rest.rsplit('>').next()).unwrap_or_default().to_owned(),
        fields: html.split("<input ").skip(1).map(|tag| (attribute(tag, "name"), attribute(tag, "value"))).collect(),
    }
}

impl Visitor {
    pub(super) fn new(api: &Api, console_url: &str) -> Visitor {
        Visitor { api: api.clone(), console_url: console_url.to_owned() }
    }

    /// Opens the link in a message.
    ///
    /// # Errors
    /// When the message has no link, or nobody answers.
    pub async fn open(&self, message: &str) -> Outcome<Page> {
        let at = message.find(&self.console_url).ok_or_else(|| format!("the message has no link to the console:\n{message}"))?;
        let link = message[at..].split_whitespace().next().unwrap_or_default();
        let path = format!("/{}", &link[self.console_url.len()..]);
        self.ask(Method::GET, &path, &[], String::new()).await
    }

    /// Presses a button of a page; gives the page that comes.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn press(&self, page: &Page, form: &Form) -> Outcome<Page> {
        let body = Serializer::new(String::new()).extend_pairs(&form.fields).finish();
        self.ask(Method::POST, &page.path, &[("content-type", "application/x-www-form-urlencoded")], body).await
    }

    /// Posts nothing to an address of the console, as a job does.
    ///
    /// # Errors
    /// When the address is not the console's, or nobody answers.
    pub async fn ping(&self, address: &str) -> Outcome<Page> {
        let path = address.strip_prefix(&self.console_url).ok_or_else(|| format!("{address} is not the console's"))?;
        self.ask(Method::POST, &format!("/{path}"), &[], String::new()).await
    }

    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Outcome<Page> {
        // The name in the link leads nowhere on this machine; the emulator finds the
        // function by it all the same.
        let host = self.console_url.split("://").nth(1).unwrap_or_default().trim_end_matches('/');
        let reply = self.api.send(method, host, path, headers, body).await?;
        Ok(Page { status: reply.status, html: reply.body, path: path.to_owned() })
    }
}
